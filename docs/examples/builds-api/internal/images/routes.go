package images

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/docs/examples/builds-api/internal/gen"
)

// Handlers are the two routes, as oapi-codegen wants them.
type Handlers struct {
	Proxy *Proxy
	// Proven gives the tool that the gateway proved, as builds-api's middleware
	// notes it once nginx has checked the gateway's certificate.
	Proven func(echo.Context) (tool string, err error)
}

var _ gen.ServerInterface = Handlers{}

// ListToolImages is GET /v1/tool/{toolname}/images.
func (h Handlers) ListToolImages(c echo.Context, tool gen.ToolName, _ gen.ListToolImagesParams) error {
	return h.serve(c, tool, "images")
}

// ResolveToolImages is GET /v1/tool/{toolname}/images/resolve.
func (h Handlers) ResolveToolImages(c echo.Context, tool gen.ToolName, _ gen.ResolveToolImagesParams) error {
	return h.serve(c, tool, "images", "resolve")
}

func (h Handlers) serve(c echo.Context, named string, route ...string) error {
	tool, err := h.Proven(c)
	if err != nil {
		return err
	}
	if tool != named {
		return echo.NewHTTPError(http.StatusForbidden, "tool "+tool+" may not ask for tool "+named)
	}
	h.Proxy.serve(c.Response(), c.Request(), tool, route...)
	return nil
}

// FromHeader gives the tool of the header, which has to be there once. nginx in
// front admits nobody but the gateway, which sets it.
func FromHeader(c echo.Context) (string, error) {
	values := c.Request().Header.Values(toolHeader)
	switch {
	case len(values) == 0 || len(values) == 1 && values[0] == "":
		return "", echo.NewHTTPError(http.StatusUnauthorized, "missing authentication header")
	case len(values) > 1:
		return "", echo.NewHTTPError(http.StatusBadRequest, "more than one authentication header")
	}
	return values[0], nil
}
