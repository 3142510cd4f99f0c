package server

import (
	"net"
	"net/http"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// toolHeader names the tool that asks. The API gateway sets it once it has
// checked the client's certificate.
const toolHeader = "X-Toolforge-Tool"

// caller gives the tool that asks on a tool's route, or says why it is not
// believed: 401 without a name that can be believed, 400 for more than one, 403
// for another tool's name.
func (s *Server) caller(r *http.Request, tool string) *api.Error {
	values := r.Header[toolHeader]
	switch {
	case len(values) == 0 || values[0] == "" && len(values) == 1:
		return failure(api.CodeUnauthorized, "the header %s is missing: it names the tool that asks, and the gateway sets it", toolHeader)
	case len(values) > 1:
		return failure(api.CodeBadParameter, "the header %s is given %d times: give it once", toolHeader, len(values))
	case !s.proven(r):
		return failure(api.CodeUnauthorized, "the header %s is not believed on this listener: it neither asks for a client certificate nor is it local", toolHeader)
	case values[0] != tool:
		return failure(api.CodeForbidden, "tool %s may not ask for tool %s", shown(values[0]), shown(tool))
	}
	return nil
}

// proven tells whether whoever sent a request is known to be the gateway: by a
// client certificate that this listener has verified, or because it is on this
// machine. Anybody else could write any header.
func proven(r *http.Request) bool {
	if r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
		return true
	}
	address, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	tcp, ok := address.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}
