package kubernetes

import (
	"net/http"
	"net/url"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/rotated"
)

// Options say which cluster is asked, and how. The zero value works.
type Options struct {
	// Kubeconfig is a file; "" means as kubectl does it: those of KUBECONFIG, else
	// ~/.kube/config, else the cluster that this process runs in.
	Kubeconfig string
	// Context is one of the contexts of those files; "" means the current one.
	Context string
	// UserAgent is sent with every request; "" means "bayplan".
	UserAgent string
	// Timeout bounds one request, to the last byte of its answer; 0 means 10 s.
	Timeout time.Duration
	// Files are those that are followed, to which the file of a token is added, where
	// the configuration names one; nil follows it too, and tells nobody what becomes
	// of it. (client-go follows certificates, and looks every 5 minutes.)
	Files *rotated.Files
}

const defaultTimeout = 10 * time.Second

// cluster is how an API server is asked.
type cluster struct {
	base   *url.URL
	client *http.Client
}

// connect finds the cluster and makes a client for it. It asks nobody. Errors
// are of kind fault.Usage.
func connect(opts Options) (*cluster, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = opts.Kubeconfig
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: opts.Context})
	config, err := loader.ClientConfig()
	if clientcmd.IsEmptyConfig(err) {
		return nil, fault.New(fault.Usage, "find cluster", "", "no cluster is configured").
			WithHint("name a kubeconfig with --kubeconfig or KUBECONFIG, or run in the cluster with a service account")
	}
	if err != nil {
		return nil, fault.Wrap(fault.Usage, "find cluster", opts.Kubeconfig, err)
	}
	return newCluster(config, opts)
}

func newCluster(config *rest.Config, opts Options) (*cluster, error) {
	config.UserAgent, config.Timeout = opts.UserAgent, opts.Timeout
	if config.UserAgent == "" {
		config.UserAgent = "bayplan"
	}
	if config.Timeout <= 0 {
		config.Timeout = defaultTimeout
	}
	if err := followToken(config, opts.Files); err != nil {
		return nil, fault.Wrap(fault.Usage, "find cluster", config.BearerTokenFile, err)
	}
	base, _, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return nil, fault.Wrap(fault.Usage, "find cluster", "", err)
	}
	shared, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fault.Wrap(fault.Usage, "find cluster", base.Host, err)
	}
	client := *shared // it may be net/http's own
	client.Timeout = config.Timeout
	// An API server redirects nobody, and the credentials are for it alone.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &cluster{base: base, client: &client}, nil
}
