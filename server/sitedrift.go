package server

import (
	"net/http"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/web"
)

// paintDrift shows what needs somebody's hand.
func (s *Server) paintDrift(_ *http.Request, v *visit) (web.Page, *web.Failure) {
	page := &web.Drift{Frame: v.frame, Answer: v.pages.drift.get().answer, Link: v.link}
	page.Title, page.Place = "Drift", "Drift"
	return page, nil
}
