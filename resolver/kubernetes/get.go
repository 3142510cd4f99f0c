package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	json "github.com/go-json-experiment/json"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// MaxAnswer bounds what is read of one answer, in bytes. Kubernetes refuses a
// ConfigMap above 1 MiB; JSON writes some characters longer.
const MaxAnswer = 4 << 20

// object is what is read of a ConfigMap.
type object struct {
	Kind     string `json:"kind"`
	Metadata struct {
		Name            string            `json:"name"`
		Namespace       string            `json:"namespace"`
		ResourceVersion string            `json:"resourceVersion"`
		Labels          map[string]string `json:"labels"`
	} `json:"metadata"`
	Data map[string]string `json:"data"`
}

// refusal is what is read of an API server's Status.
type refusal struct {
	Kind    string `json:"kind"`
	Message string `json:"message"`
	Reason  string `json:"reason"`
	Details struct {
		Name string `json:"name"`
		Kind string `json:"kind"`
		// Causes may say that a resourceVersion is not reached yet.
		Causes []struct {
			Reason string `json:"reason"`
		} `json:"causes"`
	} `json:"details"`
}

// errVersion is in the chain of errors that are about the resourceVersion that
// was asked for: the server forgot it, or never had it.
var errVersion = errors.New("the server does not know this version of the object")

// get asks for a ConfigMap that is not older than a resourceVersion: the server
// may then answer from memory, and never with what was before. Without one it
// asks for the newest.
func (c *cluster) get(ctx context.Context, ref Reference, notBefore string) (*object, error) {
	address := c.base.JoinPath("api", "v1", "namespaces", ref.Namespace, "configmaps", ref.Name)
	if notBefore != "" {
		query := address.Query()
		query.Set("resourceVersion", notBefore)
		address.RawQuery = query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	response, err := c.client.Do(request)
	if err != nil {
		return nil, unreachable(err)
	}
	defer func() { _ = response.Body.Close() }() // it was read
	body, err := io.ReadAll(io.LimitReader(response.Body, MaxAnswer+1))
	switch {
	case err != nil:
		return nil, unreachable(err)
	case len(body) > MaxAnswer:
		return nil, fault.New(fault.TooLarge, "", "", "the answer has more than %d bytes", MaxAnswer)
	case response.StatusCode != http.StatusOK:
		return nil, refused(response, body, ref)
	}
	var found object
	if err := json.Unmarshal(body, &found); err != nil || found.Kind != "ConfigMap" || found.Metadata.Name != ref.Name || found.Metadata.Namespace != ref.Namespace {
		return nil, stranger("the answer is not of the Kubernetes API")
	}
	return &found, nil
}

// unreachable says what went wrong on the way. The advice for registries is not
// given: a kubeconfig has other words.
func unreachable(err error) error {
	cause := endpoint.Classify(err)
	if f, ok := errors.AsType[*fault.Error](cause); ok {
		plain := *f
		plain.Hint = ""
		return &plain
	}
	return cause
}

func stranger(format string, args ...any) error {
	return fault.New(fault.Unreachable, "", "", format, args...).
		WithHint("is the server of the kubeconfig an API server?")
}

// refused tells why an answer is none. That the object is not there is believed
// only in the words of an API server about this object.
func refused(response *http.Response, body []byte, ref Reference) error {
	var said refusal
	known := json.Unmarshal(body, &said) == nil && said.Kind == "Status"
	f, ok := errors.AsType[*fault.Error](endpoint.ClassifyStatus(response.StatusCode, response.Header))
	if !ok {
		return stranger("it answers %d", response.StatusCode) // 2xx, and not 200
	}
	f.Hint = ""
	switch {
	case response.StatusCode == http.StatusGone, known && said.outOfStep():
		f.Kind, f.Err = fault.Unreachable, fmt.Errorf("%w (%d)", errVersion, response.StatusCode)
	case f.Kind == fault.NotFound:
		if !known || said.Details.Name != ref.Name || said.Details.Kind != "configmaps" {
			return stranger("%s, and not about this ConfigMap", f.Err)
		}
		f.Err = errors.New("there is no such ConfigMap")
	case response.StatusCode == http.StatusUnauthorized:
		f.Hint = "the API server does not know these credentials: have they expired? (kubectl auth whoami)"
	case response.StatusCode == http.StatusForbidden:
		f.Hint = fmt.Sprintf("allow it to get this one ConfigMap: kubectl create role image-config-reader -n %s --verb=get --resource=configmaps --resource-name=%s, and a rolebinding", ref.Namespace, ref.Name)
	}
	return f
}

// outOfStep tells a server that has not reached the resourceVersion that was
// asked for, as happens after a restore.
func (s refusal) outOfStep() bool {
	for _, cause := range s.Details.Causes {
		if cause.Reason == "ResourceVersionTooLarge" {
			return true
		}
	}
	return s.Reason == "Expired" || s.Reason == "Gone"
}
