package server

import (
	"strconv"
	"strings"
)

// An event stream (WHATWG HTML, section 9.2) is lines of text. Encoded JSON has
// no line breaks, so all of an event's data is one line.

// heartbeat is a comment, which readers pass over.
const heartbeat = ":\n\n"

// eventText writes all of an event but its id.
func eventText(event string, data []byte) []byte {
	text := make([]byte, 0, len("event: \ndata: \n\n")+len(event)+len(data))
	text = append(append(text, "event: "...), event...)
	text = append(append(text, "\ndata: "...), data...)
	return append(text, "\n\n"...)
}

// imageData is an api.ImageEvent of encoded records; nil for none.
func imageData(name string, now, before []byte) []byte {
	data := make([]byte, 0, len(name)+len(now)+len(before)+64)
	data = appendText(append(data, `{"short_name":`...), name)
	if now != nil {
		data = append(append(data, `,"image":`...), now...)
	}
	if before != nil {
		data = append(append(data, `,"before":`...), before...)
	}
	return append(data, '}')
}

// appendID writes the line with an event's id.
func appendID(to []byte, epoch string, n uint64) []byte {
	to = append(append(append(to, "id: "...), epoch...), '.')
	return append(strconv.AppendUint(to, n, 10), '\n')
}

// parseID reads the number of an event of an epoch; false for an id that the
// epoch did not give.
func parseID(id, epoch string) (n uint64, ok bool) {
	number, ours := strings.CutPrefix(id, epoch+".")
	n, err := strconv.ParseUint(number, 10, 64)
	return n, ours && err == nil && strconv.FormatUint(n, 10) == number
}
