package server

import (
	"net/http"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/web"
)

// rowsPerPage is how many images one page lists.
const rowsPerPage = 100

// paintImages lists all images that anyone may see.
func (s *Server) paintImages(r *http.Request, v *visit) (web.Page, *web.Failure) {
	if len(r.URL.RawQuery) > maxQuery {
		return nil, badAddress(v, badf("the query has more than %d bytes", maxQuery))
	}
	page := &web.Images{Frame: v.frame}
	page.Title, page.Place = "Container images", "Images"
	for _, f := range v.pages.fragments[:min(rowsPerPage, len(v.pages.fragments))] {
		page.Standard = append(page.Standard, Record(f.image))
	}
	return page, nil
}
