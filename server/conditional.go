package server

import "strings"

// single joins a list header that came in several lines (RFC 9110, section 5.3).
func single(values []string) string {
	if len(values) == 1 {
		return values[0]
	}
	return strings.Join(values, ",")
}

// matches tells whether an If-None-Match header (RFC 9110, section 13.1.2)
// holds the tag, by weak comparison. It allocates nothing.
func matches(values []string, tag string) bool {
	for _, list := range values {
		for list != "" {
			list = strings.TrimLeft(list, " \t,")
			if strings.HasPrefix(list, "*") {
				return true
			}
			list = strings.TrimPrefix(list, "W/")
			if !strings.HasPrefix(list, `"`) {
				break // no entity tag: the rest of the line says nothing
			}
			end := strings.IndexByte(list[1:], '"')
			if end < 0 {
				break
			}
			if list[:end+2] == tag {
				return true
			}
			list = list[end+2:]
		}
	}
	return false
}
