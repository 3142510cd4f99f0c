package harbortest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	tokenPath    = "/service/token"
	tokenService = "harbor-registry"
	tokenLife    = 30 * time.Minute
)

// claims are what a token says. Its form is that of Harbor's, a JSON web token;
// its signature is our own, since nobody else reads it.
type claims struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub,omitempty"`
	Audience string   `json:"aud"`
	Expires  int64    `json:"exp"`
	Before   int64    `json:"nbf"`
	Issued   int64    `json:"iat"`
	ID       string   `json:"jti"`
	Access   []access `json:"access"`
}

type access struct {
	Type    string   `json:"type"`
	Name    string   `json:"name"`
	Actions []string `json:"actions"`
}

type tokenSigner struct{ key []byte }

func (s *tokenSigner) init() {
	s.key = make([]byte, sha256.Size)
	_, _ = rand.Read(s.key) // crypto/rand does not fail
}

func (s *tokenSigner) sign(c claims) string {
	body, _ := json.Marshal(c) // strings and numbers always encode
	head := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`))
	signed := head + "." + base64.RawURLEncoding.EncodeToString(body)
	return signed + "." + base64.RawURLEncoding.EncodeToString(s.mac(signed))
}

func (s *tokenSigner) mac(signed string) []byte {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(signed))
	return mac.Sum(nil)
}

// read gives nil for whatever is no token of ours, or no longer.
func (s *tokenSigner) read(token string, now time.Time) *claims {
	dot := strings.LastIndexByte(token, '.')
	if dot < 0 {
		return nil
	}
	sum, err := base64.RawURLEncoding.DecodeString(token[dot+1:])
	if err != nil || !hmac.Equal(sum, s.mac(token[:dot])) {
		return nil
	}
	_, payload, _ := strings.Cut(token[:dot], ".")
	body, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		return nil
	}
	var c claims
	if json.Unmarshal(body, &c) != nil || now.Unix() >= c.Expires {
		return nil
	}
	return &c
}

// token is the token service. It never refuses: who has no right to what is
// asked for gets a token without it, wrong credentials get an anonymous one, and
// so does everybody while the database is down.
func (h *Harbor) token(w http.ResponseWriter, c *call) {
	query := c.URL.Query()
	if service := query.Get("service"); service != tokenService {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, "Unable to handle service: "+service)
		return
	}
	now := h.opts.Now().UTC()
	made := claims{
		Issuer: "harbor-token-issuer", Subject: c.who.name(), Audience: tokenService,
		Expires: now.Add(tokenLife).Unix(), Before: now.Unix(), Issued: now.Unix(), ID: randomHex(8),
		Access: h.grant(c.who, query["scope"]),
	}
	if h.databaseDown.Load() {
		made.Subject = ""
	}
	text := h.signer.sign(made)
	var b jsonBuf
	b.open('{').key("token").str(text).key("access_token").str(text)
	b.key("expires_in").int(int64(tokenLife / time.Second)).key("issued_at").str(now.Format(time.RFC3339)).close('}')
	writeJSON(w, jsonCharsetType, b.b)
}

// grant turns scopes, several in one included, into what the caller may do.
func (h *Harbor) grant(v viewer, scopes []string) []access {
	granted := []access{}
	for _, scope := range strings.Fields(strings.Join(scopes, " ")) {
		kind, rest, ok := strings.Cut(scope, ":")
		colon := strings.LastIndexByte(rest, ':')
		if !ok || colon < 0 {
			continue
		}
		a := access{Type: kind, Name: rest[:colon], Actions: []string{}}
		for _, action := range strings.Split(rest[colon+1:], ",") {
			if !h.databaseDown.Load() && h.mayInRegistry(v, a, action) {
				a.Actions = append(a.Actions, action)
			}
		}
		granted = append(granted, a)
	}
	return granted
}

func (h *Harbor) mayInRegistry(v viewer, a access, action string) bool {
	if a.Type != "repository" {
		return v.system("catalog:read")
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	p := h.state.projects[projectOf(a.Name)]
	return p != nil && v.can(p, "repository:"+action)
}

// allows tells whether a token lets its bearer do action in a project: it counts
// for the whole project of each repository that it names.
func (c *claims) allows(projectName, action string) bool {
	return slices.ContainsFunc(c.Access, func(a access) bool {
		return a.Type == "repository" && projectOf(a.Name) == projectName && slices.Contains(a.Actions, action)
	})
}

func projectOf(repository string) string {
	name, _, _ := strings.Cut(repository, "/")
	return name
}
