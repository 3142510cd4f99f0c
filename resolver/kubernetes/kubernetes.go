// Package kubernetes follows a catalog that is deployed: the legacy ConfigMap of
// a cluster, as today's consumers read it.
//
// It reads that one object and writes nothing: the right to "get" it is enough.
// A look costs one request. The cluster is found as kubectl finds it (KUBECONFIG,
// ~/.kube/config, a context), or from within it.
//
// client-go brings the configuration and the credentials; the request itself is
// made here, because client-go reads answers without a bound. Only commands
// import this package: a server that follows a chart links no client-go.
package kubernetes

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// Scheme begins the name of a ConfigMap.
const Scheme = "configmap://"

// Reference names a ConfigMap.
type Reference struct {
	Namespace, Name string
}

// ParseReference reads configmap://NAMESPACE/NAME. Errors are of kind
// fault.Usage.
func ParseReference(text string) (Reference, error) {
	rest, found := strings.CutPrefix(text, Scheme)
	namespace, name, both := strings.Cut(rest, "/")
	switch {
	case !found || !both:
		return Reference{}, fault.New(fault.Usage, "", text, "this names no ConfigMap").
			WithHint("write configmap://NAMESPACE/NAME, for example configmap://tf-public/image-config")
	case len(validation.IsDNS1123Label(namespace)) > 0:
		return Reference{}, fault.New(fault.Usage, "", text, "%q is no name of a namespace", namespace)
	case len(validation.IsDNS1123Subdomain(name)) > 0:
		return Reference{}, fault.New(fault.Usage, "", text, "%q is no name of a ConfigMap", name)
	}
	return Reference{Namespace: namespace, Name: name}, nil
}

// String writes the reference as it is read.
func (r Reference) String() string { return Scheme + r.Namespace + "/" + r.Name }
