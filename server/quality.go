package server

import "strings"

// fullWeight is q=1, the weight of what is named without one.
const fullWeight = 1000

// quality finds the weight (0 to 1000) among the parameters of an item of an
// Accept or Accept-Encoding header (RFC 9110, section 12.4.2). What is no
// weight counts as 0: whoever cannot say how much they want something does not
// get it. It allocates nothing.
func quality(parameters string) int {
	for parameters != "" {
		var p string
		p, parameters, _ = strings.Cut(parameters, ";")
		p = trim(p)
		if len(p) >= 2 && (p[0] == 'q' || p[0] == 'Q') && p[1] == '=' {
			return weight(p[2:])
		}
	}
	return fullWeight
}

// weight reads a qvalue in thousandths: "0.5" is 500. It is 0 or 1 with up to
// three decimals, and never more than 1.
func weight(q string) int {
	if q == "" || len(q) > len("0.000") || (q[0] != '0' && q[0] != '1') {
		return 0
	}
	w, scale := int(q[0]-'0')*fullWeight, fullWeight/10
	for i, c := range []byte(q[1:]) {
		switch {
		case i == 0 && c == '.':
		case i > 0 && c >= '0' && c <= '9':
			w += int(c-'0') * scale
			scale /= 10
		default:
			return 0
		}
	}
	if w > fullWeight {
		return 0
	}
	return w
}

// trim takes the white space away that HTTP allows around the items of a list
// (RFC 9110, section 5.6.3).
func trim(s string) string { return strings.Trim(s, " \t") }
