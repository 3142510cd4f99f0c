package harbortest

import "time"

// Scan is the summary of a vulnerability scan. The recorded Harbor had no
// scanner: its form follows the API description (NativeReportSummary) and is
// untried against a recording.
type Scan struct {
	// Status is "Success" if empty.
	Status string
	// Severity is the worst: "Critical", "High", …
	Severity string
	// Fixable is how many could be repaired.
	Fixable int
	// Summary counts by severity; their sum is the total.
	Summary map[string]int
	// Finished is when the scan ended.
	Finished time.Time
}

// scanReport is the key of the summary in scan_overview.
const scanReport = "application/vnd.security.vulnerability.report; version=1.1"

// SetScan gives an artifact a scan summary, shown with with_scan_overview.
func (h *Harbor) SetScan(repository, reference string, s Scan) error {
	d, err := h.digestOf(repository, reference)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if r := h.state.repositories[repository]; r != nil {
		if a := r.byDigest(d); a != nil {
			a.details().scan = &s
		}
	}
	return nil
}

func (j *jsonBuf) scan(s Scan) {
	status := s.Status
	if status == "" {
		status = "Success"
	}
	total := 0
	j.open('{').key(scanReport).open('{').key("complete_percent").int(100).key("duration").int(1)
	j.key("end_time").time(stampOf(s.Finished)).key("report_id").str("00000000-0000-4000-a000-000000000000")
	j.key("scan_status").str(status)
	j.key("scanner").open('{').key("name").str("Trivy").key("vendor").str("Aqua Security").key("version").str("v0.50.0").close('}')
	j.key("severity").str(s.Severity).key("start_time").time(stampOf(s.Finished.Add(-time.Second)))
	j.key("summary").open('{').key("fixable").int(int64(s.Fixable)).key("summary").open('{')
	for _, severity := range []string{"Critical", "High", "Medium", "Low", "Negligible", "Unknown", "None"} {
		if n := s.Summary[severity]; n > 0 {
			total += n
			j.key(severity).int(int64(n))
		}
	}
	j.close('}').key("total").int(int64(total)).close('}').close('}').close('}')
}
