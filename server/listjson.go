package server

import (
	"bytes"
	"io"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// listHead is how an ImagesAnswer begins.
const listHead = `{"images":[`

// listTail is what follows the records of an ImagesAnswer.
func listTail(messages api.Messages) []byte {
	return append(append([]byte(`],"messages":`), encode(messages)...), "}\n"...)
}

// listWriter writes an ImagesAnswer record by record.
type listWriter struct {
	to    io.Writer
	begun bool
}

// add writes a record, or several with commas between them.
func (l *listWriter) add(record []byte) error {
	before := ","
	if !l.begun {
		before, l.begun = listHead, true
	}
	if _, err := io.WriteString(l.to, before); err != nil {
		return err
	}
	_, err := l.to.Write(record)
	return err
}

// end writes what follows the records.
func (l *listWriter) end(messages api.Messages) error {
	if !l.begun {
		if _, err := io.WriteString(l.to, listHead); err != nil {
			return err
		}
	}
	_, err := l.to.Write(listTail(messages))
	return err
}

// listJSON puts records together as an ImagesAnswer.
func listJSON(records []fragment, messages api.Messages) []byte {
	size := 256
	for _, f := range records {
		size += len(f.json) + 1
	}
	out := bytes.NewBuffer(make([]byte, 0, size))
	l := listWriter{to: out} // a buffer has no errors
	for _, f := range records {
		_ = l.add(f.encoded())
	}
	_ = l.end(messages)
	return out.Bytes()
}
