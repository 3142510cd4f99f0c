package registry

import (
	"encoding/json"
	"mime"
	"net/http"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// judge tells whether an answer is one of the protocol. Whatever a login page,
// a captive portal or a proxy's error page says with a 200 is no answer, and a
// 404 of the wrong path says nothing about images.
func judge(what subject, resp *http.Response, body []byte) error {
	status := resp.StatusCode
	switch what {
	case ping:
		return judgePing(resp)
	case manifest:
		if status == http.StatusOK {
			return judgeManifest(resp)
		}
	case tagList:
		if status == http.StatusOK {
			return judgeTags(resp, body)
		}
	case catalog:
		if status == http.StatusOK {
			return judgeCatalog(resp, body)
		}
	default:
		return judgeToken(resp)
	}
	return endpoint.ClassifyStatus(status, resp.Header)
}

func judgePing(resp *http.Response) error {
	switch resp.StatusCode {
	case http.StatusOK, http.StatusUnauthorized:
		return nil
	case http.StatusNotFound:
		return fault.New(fault.Unreachable, "", "", "it answers 404 to /v2/: not a registry?").
			WithHint("check the host's url")
	}
	return endpoint.ClassifyStatus(resp.StatusCode, resp.Header)
}

// judgeManifest wants a digest. The other headers that package remote wants are
// of no use here, and some proxies drop them, so they are filled in.
func judgeManifest(resp *http.Response) error {
	switch {
	case isHTML(resp.Header):
		return notOCI("a web page in place of a manifest")
	case resp.Header.Get("Docker-Content-Digest") == "":
		return notOCI("a manifest without a digest")
	}
	if resp.Header.Get("Content-Type") == "" {
		resp.Header.Set("Content-Type", "application/octet-stream")
	}
	if resp.ContentLength < 0 {
		resp.ContentLength = 0
	}
	return nil
}

// judgeTags wants an object with a name or tags. Tags may be null: that is how
// distribution answers for a repository whose tags were all deleted.
func judgeTags(resp *http.Response, body []byte) error {
	if isHTML(resp.Header) {
		return notOCI("a web page in place of a tag list")
	}
	var list struct {
		Name *string         `json:"name"`
		Tags json.RawMessage `json:"tags"`
	}
	if err := json.Unmarshal(body, &list); err != nil || (list.Name == nil && list.Tags == nil) {
		return notOCI("no tag list where one was asked for")
	}
	if list.Tags == nil { // a name alone: some leave an empty list out
		return nil
	}
	var tags []string
	if err := json.Unmarshal(list.Tags, &tags); err != nil {
		return notOCI("no tag list where one was asked for")
	}
	return nil
}

// judgeCatalog wants an object with a list of texts. Null is none: a registry
// whose list is broken must not seem to be empty.
func judgeCatalog(resp *http.Response, body []byte) error {
	var list struct {
		Repositories *[]string `json:"repositories"`
	}
	if isHTML(resp.Header) || json.Unmarshal(body, &list) != nil || list.Repositories == nil {
		return notOCI("no list of repositories where one was asked for")
	}
	return nil
}

// judgeToken lets pass what package remote has to see: a token, and the 404 or
// 405 after which it asks by GET in place of POST.
func judgeToken(resp *http.Response) error {
	switch {
	case resp.StatusCode == http.StatusOK:
		return nil
	case resp.StatusCode == http.StatusNotFound && resp.Request.Method == http.MethodPost:
		return nil
	}
	err := endpoint.ClassifyStatus(resp.StatusCode, resp.Header)
	if err == nil || fault.Is(err, fault.NotFound) {
		return fault.New(fault.Unreachable, "", "", "its token service answers %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	}
	return err
}

func notOCI(what string) error {
	return fault.New(fault.Unreachable, "", "", "not an OCI answer: %s", what)
}

func isHTML(h http.Header) bool {
	kind, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	return kind == "text/html" || kind == "application/xhtml+xml"
}
