package harbor

import (
	"strconv"
	"time"
)

// Vulnerabilities is the summary of a scan, by Harbor's API description
// (NativeReportSummary, VulnerabilitySummary). Untried: the recordings were made
// without a scanner.
type Vulnerabilities struct {
	// Severity is the overall one, for example "High" or "None".
	Severity string
	// Critical and the others count findings of that severity.
	Critical, High, Medium, Low, Negligible, Unknown int
	// Fixable counts those with a fixed version.
	Fixable int
	// At is when the scan ended; zero if Harbor does not say.
	At time.Time
}

// readVulnerabilities reads scan_overview, a map from report types to reports.
// The last one that succeeded counts; nil if none did.
func readVulnerabilities(r *reader) *Vulnerabilities {
	var last *Vulnerabilities
	r.fields(func([]byte) {
		if v := readReport(r); v != nil && (last == nil || v.At.After(last.At)) {
			last = v
		}
	})
	return last
}

func readReport(r *reader) *Vulnerabilities {
	var v Vulnerabilities
	var done bool
	r.fields(func(key []byte) {
		switch string(key) {
		case "scan_status":
			done = r.hint() == "Success"
		case "severity":
			v.Severity = r.hint()
		case "end_time":
			v.At, _ = time.Parse(time.RFC3339, r.hint())
		case "summary":
			r.fields(func(key []byte) { readSummary(r, string(key), &v) })
		default:
			r.skip()
		}
	})
	if !done {
		return nil
	}
	return &v
}

func readSummary(r *reader, key string, v *Vulnerabilities) {
	switch key {
	case "fixable":
		v.Fixable = readFindings(r)
	case "summary":
		r.fields(func(key []byte) {
			if into := v.of(string(key)); into != nil {
				*into = readFindings(r)
			} else {
				r.skip()
			}
		})
	default:
		r.skip()
	}
}

// of gives the count of a severity, in Harbor's words.
func (v *Vulnerabilities) of(severity string) *int {
	switch severity {
	case "Critical":
		return &v.Critical
	case "High":
		return &v.High
	case "Medium":
		return &v.Medium
	case "Low":
		return &v.Low
	case "Negligible":
		return &v.Negligible
	case "Unknown":
		return &v.Unknown
	}
	return nil
}

// readFindings reads a count leniently: what is none is 0.
func readFindings(r *reader) int {
	n, err := strconv.ParseUint(string(r.value()), 10, 31)
	if err != nil {
		return 0
	}
	return int(n)
}
