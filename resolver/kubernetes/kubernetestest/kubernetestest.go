// Package kubernetestest is an API server for tests: TLS, bearer tokens, and
// ConfigMaps that can be read one by one, with the answers, refusals and
// resource versions of a real one. It lists and watches nothing, and whoever
// tests edits its objects directly.
package kubernetestest

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
)

// Token is the bearer token that the server knows.
const Token = "pl4nted-t0ken" //nolint:gosec // of a test

// Cluster is a running API server.
type Cluster struct {
	server *httptest.Server

	mu       sync.Mutex
	version  int
	objects  map[string]stored // by namespace/name
	answer   http.HandlerFunc  // instead of the server's own; nil for that
	admit    func(token string) bool
	requests []string // path and query, oldest first
}

type stored struct {
	version int
	data    map[string]string
	labels  map[string]string
}

// Start starts an empty cluster. Close it.
func Start() *Cluster {
	c := &Cluster{version: 100, objects: map[string]stored{}, admit: func(token string) bool { return token == Token }}
	c.server = httptest.NewTLSServer(c)
	return c
}

// Close stops the server and its connections.
func (c *Cluster) Close() {
	c.server.CloseClientConnections()
	c.server.Close()
}

// URL is where the server listens.
func (c *Cluster) URL() string { return c.server.URL }

// Put creates or replaces a ConfigMap.
func (c *Cluster) Put(namespace, name string, data, labels map[string]string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.version++
	c.objects[namespace+"/"+name] = stored{version: c.version, data: data, labels: labels}
}

// Delete removes a ConfigMap.
func (c *Cluster) Delete(namespace, name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.version++
	delete(c.objects, namespace+"/"+name)
}

// Restore sets the version of the cluster and of all objects back, as a restored
// backup does.
func (c *Cluster) Restore(version int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.version = version
	for key, o := range c.objects {
		o.version = version
		c.objects[key] = o
	}
}

// Answer makes every request be answered by a function; nil ends that.
func (c *Cluster) Answer(f http.HandlerFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer = f
}

// Admit says which tokens are known, in place of [Token]. It is asked for each request.
func (c *Cluster) Admit(known func(token string) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.admit = known
}

// Requests gives path and query of what was asked since the last call.
func (c *Cluster) Requests() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.requests
	c.requests = nil
	return out
}

// WriteKubeconfig writes a kubeconfig whose current context leads here, with a
// context of that name and one named "anonymous", which shows no token. The token is
// in the kubeconfig, or in a file that it names; "" for none.
func (c *Cluster) WriteKubeconfig(path, context, tokenFile string) error {
	reader := map[string]any{"token": Token}
	if tokenFile != "" {
		reader = map[string]any{"tokenFile": tokenFile}
	}
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.server.Certificate().Raw})
	text, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Config", "current-context": context,
		"clusters": []any{map[string]any{"name": "test", "cluster": map[string]any{"server": c.server.URL, "certificate-authority-data": authority}}},
		"users": []any{
			map[string]any{"name": "reader", "user": reader},
			map[string]any{"name": "nobody", "user": map[string]any{}},
		},
		"contexts": []any{
			map[string]any{"name": context, "context": map[string]any{"cluster": "test", "user": "reader"}},
			map[string]any{"name": "anonymous", "context": map[string]any{"cluster": "test", "user": "nobody"}},
		},
	})
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}

// ServeHTTP answers as an API server does that lets its one user get ConfigMaps.
func (c *Cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests = append(c.requests, r.URL.RequestURI())
	if c.answer != nil {
		answer := c.answer
		c.mu.Unlock() // it may take its time
		answer(w, r)
		c.mu.Lock()
		return
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case !c.admit(bearer(r)):
		Refuse(w, http.StatusUnauthorized, "Unauthorized", "Unauthorized", "", "")
	case r.Method != http.MethodGet || len(parts) != 6 || strings.Join(parts[:3], "/") != "api/v1/namespaces" || parts[4] != "configmaps":
		Refuse(w, http.StatusForbidden, "Forbidden", `User "reader" cannot do this`, "", "")
	default:
		c.get(w, r, parts[3], parts[5])
	}
}

// bearer gives the token of a request, "" if it shows none.
func bearer(r *http.Request) string {
	token, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !found {
		return ""
	}
	return token
}

func (c *Cluster) get(w http.ResponseWriter, r *http.Request, namespace, name string) {
	if wanted, _ := strconv.Atoi(r.URL.Query().Get("resourceVersion")); wanted > c.version {
		Refuse(w, http.StatusGatewayTimeout, "Timeout", "Too large resource version", "", "", "ResourceVersionTooLarge")
		return
	}
	o, found := c.objects[namespace+"/"+name]
	if !found {
		Refuse(w, http.StatusNotFound, "NotFound", fmt.Sprintf("configmaps %q not found", name), name, "configmaps")
		return
	}
	respond(w, http.StatusOK, map[string]any{
		"kind": "ConfigMap", "apiVersion": "v1", "data": o.data,
		"metadata": map[string]any{
			"name": name, "namespace": namespace, "labels": o.labels, "uid": "0b7f4a5e-6f0e-4b0e-9c52-4f0d7a1d3a11",
			"resourceVersion": strconv.Itoa(o.version), "creationTimestamp": "2026-07-22T00:15:02Z",
		},
	})
}

// Refuse answers with a Status, as an API server does. name and kind say which
// object it is about; causes are reasons in its details.
func Refuse(w http.ResponseWriter, status int, reason, message, name, kind string, causes ...string) {
	details := map[string]any{}
	if name != "" {
		details["name"], details["kind"] = name, kind
	}
	list := []any{}
	for _, cause := range causes {
		list = append(list, map[string]any{"reason": cause, "message": message})
	}
	if len(list) > 0 {
		details["causes"] = list
	}
	respond(w, status, map[string]any{
		"kind": "Status", "apiVersion": "v1", "metadata": map[string]any{}, "status": "Failure",
		"message": message, "reason": reason, "details": details, "code": status,
	})
}

func respond(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
