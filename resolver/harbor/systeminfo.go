package harbor

import (
	"context"
	"net/http"
	"strconv"
	"strings"
)

// Info is what Harbor tells about itself.
type Info struct {
	// Version is Harbor's, for example "v2.15.2"; "" to those who are not signed
	// in (recording systeminfo, Harbor 2.15.2).
	Version string
	// AuthMode is how users sign in, for example "db_auth" or "oidc_auth".
	AuthMode string
}

// AtLeast tells whether the version is known, and major.minor or later.
func (i Info) AtLeast(major, minor int) bool {
	have := strings.SplitN(strings.TrimPrefix(i.Version, "v"), ".", 3)
	if len(have) < 2 {
		return false
	}
	a, err := strconv.Atoi(have[0])
	if err != nil {
		return false
	}
	b, err := strconv.Atoi(have[1])
	return err == nil && (a > major || a == major && b >= minor)
}

// SystemInfo asks GET /systeminfo.
func (c *Client) SystemInfo(ctx context.Context) (Info, error) {
	ctx, cancel := c.call(ctx)
	defer cancel()
	var info Info
	q := question{op: "read the system information of Harbor", path: apiRoot + "systeminfo"}
	err := c.ask(ctx, q, func(_ http.Header, r *reader) error {
		r.object(func(key []byte) {
			switch string(key) {
			case "harbor_version":
				info.Version = r.text()
			case "auth_mode":
				info.AuthMode = r.text()
			default:
				r.skip()
			}
		})
		if r.err == nil && info.AuthMode == "" {
			r.wrong("the system information has no auth_mode")
		}
		return r.end()
	})
	if err != nil {
		return Info{}, err
	}
	return info, nil
}
