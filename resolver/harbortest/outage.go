package harbortest

import (
	"fmt"
	"net/http"
)

// DatabaseDown switches Harbor's database off or on. Without it the API answers
// 500, ping still 200, and the token service hands out tokens without rights.
func (h *Harbor) DatabaseDown(down bool) { h.databaseDown.Store(down) }

// RegistryDown switches the registry behind Harbor off or on. Without it the API
// and tags/list go on; manifests and blobs are 502 with an empty body.
func (h *Harbor) RegistryDown(down bool) { h.registryDown.Store(down) }

// CoreDown switches Harbor's core off or on. Without it nginx answers 502 with a
// page of HTML.
func (h *Harbor) CoreDown(down bool) { h.coreDown.Store(down) }

const badGatewayPage = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n" +
	"<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"

func badGateway(w http.ResponseWriter) {
	w.Header().Set("Server", "nginx")
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(http.StatusBadGateway)
	fmt.Fprint(w, badGatewayPage)
}

// nginxWriter adds the headers of Harbor's nginx, which sets most of them on
// success only.
type nginxWriter struct {
	http.ResponseWriter
	wrote bool
}

func (w *nginxWriter) WriteHeader(status int) {
	w.wrote = true
	w.Header().Set("Server", "nginx")
	if status < http.StatusBadRequest {
		w.Header().Set("X-Frame-Options", "DENY")
		w.Header().Set("Content-Security-Policy", "frame-ancestors 'none'")
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *nginxWriter) Write(b []byte) (int, error) {
	if !w.wrote {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(b)
}
