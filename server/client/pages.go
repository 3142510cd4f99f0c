package client

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// maxPages bounds a list whose pages have no end.
const maxPages = 100_000

// Images gives the records of a list in its order, a page at a time, so that a
// long one is never held as a whole. Pages are not kept, so there is no older
// answer: an error ends the list, and is what [Client.List] would give. Between
// two pages the server may have learned something new.
func (c *Client) Images(ctx context.Context, q Query) iter.Seq2[api.Image, error] {
	return func(yield func(api.Image, error) bool) {
		asked := c.question(q.paged(), "v1", "images")
		asked.once, asked.fresh = true, q.Fresh
		for range maxPages {
			page, err := c.page(ctx, &asked)
			if err != nil {
				yield(api.Image{}, err)
				return
			}
			for _, image := range page.Images {
				if !yield(image, nil) {
					return
				}
			}
			if asked.url == nil {
				return
			}
		}
		yield(api.Image{}, c.failed(errors.New("its list has no end")))
	}
}

// page reads a page and turns the question to the next one, or to nil.
func (c *Client) page(ctx context.Context, asked *question) (api.ImagesAnswer, error) {
	found, err := c.ask(ctx, *asked, nil, func(raw []byte) error {
		_, err := decodeImages(raw)
		return err
	})
	if err != nil {
		return api.ImagesAnswer{}, err
	}
	page, err := decodeImages(found.raw)
	if err != nil {
		return page, err
	}
	asked.fresh = false // once is enough
	asked.url, err = c.following(asked.url, found.next)
	return page, err
}

// following gives the address of the next page, nil after the last. A link that
// leads off the list is not followed.
func (c *Client) following(here *url.URL, link string) (*url.URL, error) {
	if link == "" {
		return nil, nil //nolint:nilnil // there is no next page, which is no error
	}
	next, err := here.Parse(link)
	if err != nil || next.Scheme != here.Scheme || next.Host != here.Host || next.Path != here.Path || next.RawQuery == here.RawQuery {
		return nil, c.failed(errors.New("its link to the next page leads elsewhere"))
	}
	return next, nil
}

// next finds the link to the next page in a header (RFC 8288).
func next(header http.Header) string {
	for _, link := range header.Values("Link") {
		target, parameters, ok := strings.Cut(link, ">")
		if ok && strings.HasPrefix(target, "<") && strings.Contains(parameters, `rel="next"`) {
			return target[1:]
		}
	}
	return ""
}
