package server

import (
	"io"
	"net/http"
	"time"
)

// patient gives a reader the server's write timeout for each chunk, not for the
// whole answer, which may take longer than that.
type patient struct {
	to      io.Writer
	control *http.ResponseController
	timeout time.Duration // 0 for none
}

func newPatient(w http.ResponseWriter, r *http.Request) *patient {
	p := &patient{to: w, control: http.NewResponseController(w)}
	if server, ok := r.Context().Value(http.ServerContextKey).(*http.Server); ok {
		p.timeout = server.WriteTimeout
	}
	return p
}

// Write implements io.Writer.
func (p *patient) Write(chunk []byte) (int, error) {
	if p.timeout > 0 {
		// A writer that knows no deadlines needs no more time.
		_ = p.control.SetWriteDeadline(time.Now().Add(p.timeout))
	}
	return p.to.Write(chunk)
}
