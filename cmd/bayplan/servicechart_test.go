package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"text/template"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/kubernetes/kubernetestest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
)

const (
	serviceChart = "../../deploy/chart"
	component    = "../../deploy/toolforge/components/bayplan"
	// deploySecret is what the platform's secrets are in a test.
	deploySecret = "s3cret-of-the-deployment"
)

var environments = map[string]string{"local": "local.yaml", "toolsbeta": "toolsbeta.yaml.gotmpl", "tools": "tools.yaml.gotmpl"}

// environment gives the path of an environment's values, as helmfile hands them on.
func environment(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(component, "values", environments[name]))
	require.NoError(t, err)
	values, err := template.New(name).Funcs(template.FuncMap{
		"exec":  func(string, []string) string { return deploySecret + "\n" },
		"list":  func(names ...string) []string { return names },
		"trim":  strings.TrimSpace,
		"quote": func(text string) string { return fmt.Sprintf("%q", text) },
	}).Parse(string(text))
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, values.Execute(&out, nil))
	path := filepath.Join(t.TempDir(), name+".yaml")
	require.NoError(t, os.WriteFile(path, out.Bytes(), 0o600))
	return path
}

// wantedCertificate is cert-manager's, as far as the chart uses it.
type wantedCertificate struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		SecretName, CommonName string
		DNSNames, Usages       []string
		Duration, RenewBefore  metav1.Duration
		RevisionHistoryLimit   int
		PrivateKey             struct {
			Algorithm, RotationPolicy string
			Size                      int
		}
		IssuerRef struct{ Name, Kind, Group string }
	}
}

type prometheusRule struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              map[string]any
}

// manifests are what a render of the chart holds, by kind and name.
type manifests map[string]any

func rendered(t *testing.T, helm string, args ...string) manifests {
	t.Helper()
	return renderedAs(t, helm, "bayplan", append([]string{"--namespace", "bayplan"}, args...)...)
}

// renderedAs renders the chart as a release of another name.
func renderedAs(t *testing.T, helm, release string, args ...string) manifests {
	t.Helper()
	text := helmed(t, helm, append([]string{"template", release, serviceChart}, args...)...)
	kinds := map[string]func() any{
		"Deployment": func() any { return new(appsv1.Deployment) }, "Service": func() any { return new(corev1.Service) },
		"ConfigMap": func() any { return new(corev1.ConfigMap) }, "Secret": func() any { return new(corev1.Secret) },
		"ServiceAccount": func() any { return new(corev1.ServiceAccount) }, "Pod": func() any { return new(corev1.Pod) },
		"Role": func() any { return new(rbacv1.Role) }, "RoleBinding": func() any { return new(rbacv1.RoleBinding) },
		"NetworkPolicy":           func() any { return new(networkingv1.NetworkPolicy) },
		"PodDisruptionBudget":     func() any { return new(policyv1.PodDisruptionBudget) },
		"HorizontalPodAutoscaler": func() any { return new(autoscalingv2.HorizontalPodAutoscaler) },
		"Certificate":             func() any { return new(wantedCertificate) }, "PrometheusRule": func() any { return new(prometheusRule) },
	}
	out := manifests{}
	for _, document := range strings.Split(text, "\n---\n") {
		var head struct {
			Kind     string
			Metadata struct{ Name string }
		}
		document += "\n" // which the separator began with
		require.NoError(t, yaml.Unmarshal([]byte(document), &head))
		require.Contains(t, kinds, head.Kind, document)
		object := kinds[head.Kind]()
		require.NoError(t, yaml.UnmarshalStrict([]byte(document), object), document)
		out[head.Kind+"/"+head.Metadata.Name] = object
	}
	return out
}

func helmed(t *testing.T, helm string, args ...string) string {
	t.Helper()
	var said bytes.Buffer
	cmd := exec.CommandContext(t.Context(), helm, args...)
	cmd.Stderr = &said
	out, err := cmd.Output()
	require.NoError(t, err, "%v: %s", args, &said)
	return string(out)
}

func of[T any](t *testing.T, m manifests, name string) T {
	t.Helper()
	object, ok := m[name].(T)
	require.True(t, ok, "%s is not there", name)
	return object
}

// Both Helms lint the chart and render it alike, with each environment's values,
// and what they render is what an operator wants.
func TestServiceChart(t *testing.T) {
	helm3, helm4 := registrytest.Tool(t, "helm3"), registrytest.Tool(t, "helm4")
	for name := range environments {
		t.Run(name, func(t *testing.T) {
			values := environment(t, name)
			for _, helm := range []string{helm3, helm4} {
				helmed(t, helm, "lint", "--strict", serviceChart, "--values", values)
			}
			m := rendered(t, helm3, "--values", values)
			require.Equal(t, m, rendered(t, helm4, "--values", values))
			requireDeployed(t, m, name)
			requireReached(t, m, name)
			requireHardened(t, m)
			requireSecretsKept(t, m)
		})
	}
}

func requireDeployed(t *testing.T, m manifests, environment string) {
	t.Helper()
	d := of[*appsv1.Deployment](t, m, "Deployment/bayplan").Spec
	pod := d.Template.Spec
	require.Len(t, pod.Containers, 1)
	c := pod.Containers[0]

	// Two replicas on different nodes, each new one before an old one goes.
	spread := pod.TopologySpreadConstraints
	require.Len(t, spread, 1)
	require.Equal(t, "kubernetes.io/hostname", spread[0].TopologyKey)
	require.EqualValues(t, 1, spread[0].MaxSkew)
	require.Equal(t, d.Selector, spread[0].LabelSelector)
	if environment != "local" {
		require.EqualValues(t, 2, *d.Replicas)
		require.Equal(t, corev1.DoNotSchedule, spread[0].WhenUnsatisfiable)
	}
	require.Equal(t, 0, d.Strategy.RollingUpdate.MaxUnavailable.IntValue())
	require.Subset(t, d.Template.Labels, d.Selector.MatchLabels)

	// A budget that lets one go at a time, and never all of two.
	budget := of[*policyv1.PodDisruptionBudget](t, m, "PodDisruptionBudget/bayplan").Spec
	require.Equal(t, 1, budget.MaxUnavailable.IntValue())
	require.Equal(t, d.Selector, budget.Selector)
	require.NotContains(t, m, "HorizontalPodAutoscaler/bayplan")

	// Memory: what is asked for is what there is, and Go's own limit is below it.
	require.Equal(t, c.Resources.Requests.Memory().Value(), c.Resources.Limits.Memory().Value())
	var limit int64
	_, err := fmt.Sscanf(variable(t, c, "GOMEMLIMIT"), "%dMiB", &limit)
	require.NoError(t, err)
	share := float64(limit<<20) / float64(c.Resources.Limits.Memory().Value())
	require.InDelta(t, 0.9, share, 0.01)

	// Probes: alive does not ask what is served; both look from the first second on.
	for name, p := range map[string]*corev1.Probe{"/v1/healthz": c.LivenessProbe, "/v1/readyz": c.ReadinessProbe} {
		require.Equal(t, name, p.HTTPGet.Path)
		require.Equal(t, "metrics", p.HTTPGet.Port.StrVal)
	}
	require.Equal(t, "/v1/healthz", c.StartupProbe.HTTPGet.Path)
	for _, p := range []*corev1.Probe{c.StartupProbe, c.ReadinessProbe} {
		require.LessOrEqual(t, p.InitialDelaySeconds+p.PeriodSeconds, int32(3))
	}

	// Draining: first nothing new comes, then what is there ends, then there is time left.
	settings := settingsOf(t, m)
	delay, err := time.ParseDuration(settings["shutdownDelay"].(string))
	require.NoError(t, err)
	grace, err := time.ParseDuration(settings["shutdownGrace"].(string))
	require.NoError(t, err)
	require.Positive(t, c.Lifecycle.PreStop.Sleep.Seconds)
	sleep := time.Duration(c.Lifecycle.PreStop.Sleep.Seconds) * time.Second
	require.Greater(t, time.Duration(*pod.TerminationGracePeriodSeconds)*time.Second, sleep+delay+grace)

	// A state of each replica's own.
	volumes := map[string]corev1.Volume{}
	for _, v := range pod.Volumes {
		volumes[v.Name] = v
	}
	require.NotNil(t, volumes["state"].EmptyDir)
	require.Positive(t, volumes["state"].EmptyDir.SizeLimit.Value())
	require.True(t, slices.ContainsFunc(c.VolumeMounts, func(v corev1.VolumeMount) bool {
		return v.Name == "state" && !v.ReadOnly && strings.HasPrefix(settings["stateDir"].(string), v.MountPath+"/")
	}))
	require.Contains(t, d.Template.Annotations, "checksum/config")
}

func variable(t *testing.T, c corev1.Container, name string) string {
	t.Helper()
	for _, v := range c.Env {
		if v.Name == name {
			return v.Value
		}
	}
	t.Fatalf("there is no variable %s", name)
	return ""
}

func settingsOf(t *testing.T, m manifests) map[string]any {
	t.Helper()
	var settings map[string]any
	require.NoError(t, yaml.UnmarshalStrict([]byte(of[*corev1.ConfigMap](t, m, "ConfigMap/bayplan").Data["bayplan.yaml"]), &settings))
	return settings
}

// requireReached holds who gets in, and how.
func requireReached(t *testing.T, m manifests, environment string) {
	t.Helper()
	d := of[*appsv1.Deployment](t, m, "Deployment/bayplan").Spec
	service := of[*corev1.Service](t, m, "Service/bayplan").Spec
	require.Equal(t, d.Selector.MatchLabels, service.Selector)
	ports, targets := map[string]int32{}, map[string]int32{}
	for _, p := range service.Ports {
		ports[p.TargetPort.StrVal] = p.Port
	}
	for _, p := range d.Template.Spec.Containers[0].Ports {
		targets[p.Name] = p.ContainerPort
	}
	require.Equal(t, map[string]int32{"https": 8443, "metrics": 9000}, ports)
	require.Equal(t, ports, targets)
	settings := settingsOf(t, m)
	require.Equal(t, []any{":8443", ":9000"}, []any{settings["listen"], settings["operationsListen"]})

	domain := environment
	if domain == "local" {
		domain = "cluster"
	}
	own := of[*wantedCertificate](t, m, "Certificate/bayplan-api-gateway-server").Spec
	require.Equal(t, []string{"bayplan.bayplan.svc", "bayplan.bayplan.svc." + domain + ".local"}, own.DNSNames)
	require.Equal(t, []string{"server auth"}, own.Usages)
	require.Equal(t, "ClusterIssuer api-gateway-backend-ca cert-manager.io", own.IssuerRef.Kind+" "+own.IssuerRef.Name+" "+own.IssuerRef.Group)
	require.Equal(t, []any{"/etc/bayplan/tls/tls.crt", "/etc/bayplan/tls/tls.key", "/etc/bayplan/tls/ca.crt"},
		[]any{settings["tlsCert"], settings["tlsKey"], settings["clientCa"]})

	rules := of[*networkingv1.NetworkPolicy](t, m, "NetworkPolicy/bayplan").Spec
	require.Equal(t, *d.Selector, rules.PodSelector)
	require.ElementsMatch(t, []networkingv1.PolicyType{"Ingress", "Egress"}, rules.PolicyTypes)
	require.Equal(t, "https", rules.Ingress[0].Ports[0].Port.StrVal)
	require.Equal(t, "api-gateway", rules.Ingress[0].From[0].NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"])
	require.Equal(t, of[*corev1.Pod](t, m, "Pod/bayplan-test").Labels, rules.Ingress[0].From[1].PodSelector.MatchLabels)
	require.Len(t, rules.Ingress[0].From, 2)
	require.Equal(t, "metrics", rules.Ingress[1].Ports[0].Port.StrVal)

	// The one ConfigMap, to get; the token is there for that.
	role := of[*rbacv1.Role](t, m, "Role/bayplan.bayplan-reads-image-config")
	require.Equal(t, "tf-public", role.Namespace)
	require.Equal(t, []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"configmaps"}, ResourceNames: []string{"image-config"}, Verbs: []string{"get"}}}, role.Rules)
	binding := of[*rbacv1.RoleBinding](t, m, "RoleBinding/bayplan.bayplan-reads-image-config")
	require.Equal(t, role.Name, binding.RoleRef.Name)
	require.Equal(t, []rbacv1.Subject{{Kind: "ServiceAccount", Name: "bayplan", Namespace: "bayplan"}}, binding.Subjects)
	require.False(t, *of[*corev1.ServiceAccount](t, m, "ServiceAccount/bayplan").AutomountServiceAccountToken)
	require.Equal(t, "bayplan", d.Template.Spec.ServiceAccountName)
	require.True(t, *d.Template.Spec.AutomountServiceAccountToken)
}

// requireHardened holds what every container may do: next to nothing.
func requireHardened(t *testing.T, m manifests) {
	t.Helper()
	for _, pod := range []corev1.PodSpec{of[*appsv1.Deployment](t, m, "Deployment/bayplan").Spec.Template.Spec, of[*corev1.Pod](t, m, "Pod/bayplan-test").Spec} {
		require.True(t, *pod.SecurityContext.RunAsNonRoot)
		require.Positive(t, *pod.SecurityContext.RunAsUser)
		require.Equal(t, corev1.SeccompProfileTypeRuntimeDefault, pod.SecurityContext.SeccompProfile.Type)
		require.Empty(t, pod.InitContainers)
		require.False(t, pod.HostNetwork || pod.HostPID || pod.HostIPC)
		for _, c := range pod.Containers {
			s := c.SecurityContext
			require.True(t, *s.ReadOnlyRootFilesystem)
			require.False(t, *s.AllowPrivilegeEscalation)
			require.Nil(t, s.Privileged)
			require.Nil(t, s.RunAsUser)
			require.Equal(t, &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}, s.Capabilities)
			require.NotEmpty(t, c.Resources.Limits.Memory().Value())
		}
		for _, v := range pod.Volumes {
			require.Nil(t, v.HostPath)
		}
	}
	require.False(t, *of[*corev1.Pod](t, m, "Pod/bayplan-test").Spec.AutomountServiceAccountToken)
}

// requireSecretsKept holds that secrets are in Secrets alone, and reach the pod as
// files.
func requireSecretsKept(t *testing.T, m manifests) {
	t.Helper()
	secret := of[*corev1.Secret](t, m, "Secret/bayplan-registries")
	require.Equal(t, corev1.SecretTypeDockerConfigJson, secret.Type)
	var config struct {
		Auths map[string]struct{ Auth []byte }
	}
	require.NoError(t, json.Unmarshal(secret.Data[corev1.DockerConfigJsonKey], &config))
	require.Len(t, config.Auths, 1)
	for host, entry := range config.Auths {
		require.Contains(t, settingsOf(t, m)["registries"], host)
		_, password, _ := strings.Cut(string(entry.Auth), ":")
		for name, object := range m {
			if !strings.HasPrefix(name, "Secret/") {
				text, err := json.Marshal(object)
				require.NoError(t, err)
				require.NotContains(t, string(text), password, name)
			}
		}
	}
	c := of[*appsv1.Deployment](t, m, "Deployment/bayplan").Spec.Template.Spec.Containers[0]
	require.Equal(t, "/etc/bayplan/docker", variable(t, c, "DOCKER_CONFIG"))
	for _, v := range c.Env {
		require.Nil(t, v.ValueFrom, v.Name)
	}
	require.Empty(t, c.EnvFrom)
}

// What is off until somebody chooses it.
func TestServiceChartChoices(t *testing.T) {
	helm := registrytest.Tool(t, "helm4")
	m := rendered(t, helm, "--set", "autoscaling.enabled=true,alerts.enabled=true,configMap.read=false,networkPolicy.enabled=false,tests.enabled=false",
		"--set", "config.catalog=oci://harbor.example/toolforge/image-config:0.0.28,credentials.existingSecret=accounts,webhook.existingSecret=hooks,drain.preStop=0,memory=1Gi")
	d := of[*appsv1.Deployment](t, m, "Deployment/bayplan")
	scaled := of[*autoscalingv2.HorizontalPodAutoscaler](t, m, "HorizontalPodAutoscaler/bayplan").Spec
	require.Equal(t, autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "bayplan"}, scaled.ScaleTargetRef)
	require.Equal(t, []int32{2, 6}, []int32{*scaled.MinReplicas, scaled.MaxReplicas})
	require.Nil(t, d.Spec.Replicas, "two would decide")
	require.False(t, *d.Spec.Template.Spec.AutomountServiceAccountToken)
	require.Nil(t, d.Spec.Template.Spec.Containers[0].Lifecycle)
	require.Equal(t, "921MiB", variable(t, d.Spec.Template.Spec.Containers[0], "GOMEMLIMIT"))
	require.Empty(t, d.Annotations, "nothing has to start pods anew: Secrets are followed")
	require.Equal(t, "/etc/bayplan/webhook/secret", settingsOf(t, m)["webhookSecretFile"])
	for _, gone := range []string{"Role/bayplan.bayplan-reads-image-config", "NetworkPolicy/bayplan", "Pod/bayplan-test", "Secret/bayplan-registries", "Secret/bayplan-webhook"} {
		require.NotContains(t, m, gone)
	}
	alerts, err := os.ReadFile("../../deploy/alerts.yaml")
	require.NoError(t, err)
	var want map[string]any
	require.NoError(t, yaml.Unmarshal(alerts, &want))
	require.Equal(t, want, of[*prometheusRule](t, m, "PrometheusRule/bayplan").Spec, "copy deploy/alerts.yaml to deploy/chart/files")

	// A variable of the process, beside the chart's own.
	m = rendered(t, helm, "--set-string", "env.HTTPS_PROXY=http://proxy.example:3128,env.GODEBUG=1")
	c := of[*appsv1.Deployment](t, m, "Deployment/bayplan").Spec.Template.Spec.Containers[0]
	require.Equal(t, []string{"http://proxy.example:3128", "1"}, []string{variable(t, c, "HTTPS_PROXY"), variable(t, c, "GODEBUG")})

	// Pods that begin with what the others publish are let in by them.
	m = rendered(t, helm, "--set", "seed.fromPeers=true,tests.enabled=false")
	settings := settingsOf(t, m)
	require.Equal(t, []any{"https://bayplan.bayplan.svc:8443", "/etc/bayplan/tls/ca.crt"}, []any{settings["seed"], settings["seedCa"]})
	require.Equal(t, []string{"server auth", "client auth"}, of[*wantedCertificate](t, m, "Certificate/bayplan-api-gateway-server").Spec.Usages)
	pods := of[*appsv1.Deployment](t, m, "Deployment/bayplan").Spec.Selector
	rules := of[*networkingv1.NetworkPolicy](t, m, "NetworkPolicy/bayplan").Spec
	require.Equal(t, pods, rules.Ingress[0].From[1].PodSelector)
	require.Equal(t, pods, rules.Egress[2].To[0].PodSelector)
	known := settableFlags(newRootCommand(streams{out: io.Discard, err: io.Discard}))
	for key := range settings {
		require.Contains(t, known, key)
	}

	m = rendered(t, helm, "--set-string", "webhook.secret="+deploySecret)
	require.Equal(t, deploySecret, string(of[*corev1.Secret](t, m, "Secret/bayplan-webhook").Data["secret"]))
	two := deploySecret + "\nthe-secret-of-before\n"
	m = rendered(t, helm, "--set-string", "webhook.secret="+two)
	require.Equal(t, two, string(of[*corev1.Secret](t, m, "Secret/bayplan-webhook").Data["secret"]))
}

// Whoever turns autoscaling on keeps the replicas that there are: without a number
// Kubernetes would make it one, until the autoscaler looks.
func TestServiceChartKeepsItsReplicas(t *testing.T) {
	answers := map[string]string{
		"/version": `{"major":"1","minor":"34","gitVersion":"v1.34.0"}`, "/api": `{"kind":"APIVersions","versions":["v1"]}`,
		"/apis/apps/v1/namespaces/bayplan/deployments/bayplan": `{"apiVersion":"apps/v1","kind":"Deployment",
			"spec":{"replicas":5},
			"metadata":{"name":"bayplan","namespace":"bayplan","labels":{"app.kubernetes.io/managed-by":"Helm"},
			"annotations":{"meta.helm.sh/release-name":"bayplan","meta.helm.sh/release-namespace":"bayplan"}}}`,
	}
	var groups []string
	for version, kinds := range map[string][]string{
		"v1": {"ConfigMap", "Service", "ServiceAccount"}, "apps/v1": {"Deployment"}, "autoscaling/v2": {"HorizontalPodAutoscaler"},
		"policy/v1": {"PodDisruptionBudget"}, "cert-manager.io/v1": {"Certificate"},
	} {
		var resources []string
		for _, kind := range kinds {
			resources = append(resources, `{"name":"`+strings.ToLower(kind)+`s","namespaced":true,"kind":"`+kind+`","verbs":["get"]}`)
		}
		path, group := "/apis/"+version, strings.Split(version, "/")
		if len(group) == 1 {
			path = "/api/v1"
		} else {
			groups = append(groups, fmt.Sprintf(`{"name":%q,"versions":[{"groupVersion":%q,"version":%q}],"preferredVersion":{"groupVersion":%[2]q,"version":%[3]q}}`, group[0], version, group[1]))
		}
		answers[path] = `{"kind":"APIResourceList","groupVersion":"` + version + `","resources":[` + strings.Join(resources, ",") + `]}`
	}
	answers["/apis"] = `{"kind":"APIGroupList","groups":[` + strings.Join(groups, ",") + `]}`
	cluster := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		text, known := answers[r.URL.Path]
		if !known {
			w.WriteHeader(http.StatusNotFound)
			text = `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}`
		}
		_, _ = io.WriteString(w, text) // whoever went does not need it
	}))
	t.Cleanup(cluster.Close)
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	replace(t, kubeconfig, `{"clusters": [{"name": "c", "cluster": {"server": "`+cluster.URL+`"}}], "contexts": [{"name": "c", "context": {"cluster": "c"}}], "current-context": "c"}`)
	for _, tool := range []string{"helm3", "helm4"} {
		m := rendered(t, registrytest.Tool(t, tool), "--dry-run=server", "--disable-openapi-validation", "--kubeconfig", kubeconfig,
			"--set", "autoscaling.enabled=true,tests.enabled=false,networkPolicy.enabled=false,configMap.read=false,config.catalog=oci://harbor.example/x/image-config:1.0.0")
		require.EqualValues(t, 5, *of[*appsv1.Deployment](t, m, "Deployment/bayplan").Spec.Replicas)
	}
}

// A slip in the values is told, and nothing is rendered.
func TestServiceChartRefusesSlips(t *testing.T) {
	for _, tool := range []string{"helm3", "helm4"} {
		helm := registrytest.Tool(t, tool)
		for values, says := range map[string]string{
			"replica=3":                                  "replica",
			"config.intervall=2s":                        "intervall",
			"config.listen=:80":                          "listen",
			"config.interval=2":                          "interval",
			"memory=256":                                 "memory",
			"spread=Never":                               "spread",
			"webhook.secret=tooshort":                    "webhook.secret: one line, or two",
			"webhook.secret=0123456789abcdef\nx":         "webhook.secret: one line, or two",
			"credentials.registries.a.password=tooshort": "username",
			"config.registries.a.kind=docker":            "kind",
			"credentials.registries.a.username=ann":      "password",
			"config.catalog=configmap://x/y":             "the right to read it would be missing",
			"configMap.read=false":                       "configMap.read is false",
			"webhook.secret=0123456789abcdef,webhook.existingSecret=x": "not both",
			"drain=null":                                        "drain",
			"networkPolicy.apiFrom=null":                        "apiFrom",
			"memory=32Mi":                                       "64Mi or more",
			"env.GOMEMLIMIT=1GiB":                               "env: GOMEMLIMIT is what the chart decides",
			"env.BAYPLAN_LISTEN=:80":                            "env: BAYPLAN_LISTEN is what the chart decides",
			"seed.url=ftp://a/b":                                "/seed/url",
			"seed.url=https://a@b":                              "/seed/url",
			"seed.url=http://a/b.json":                          "nothing proves who answers",
			"seed.url=https://a,seed.fromPeers=true":            "not both",
			"seed.keyring=-----BEGIN PGP PUBLIC KEY BLOCK-----": "seed.url, which is not given",
			"seed.url=https://a,seed.keyring=-----BEGIN PGP PUBLIC KEY BLOCK-----":         "a running Bayplan signs nothing",
			"autoscaling.enabled=true,autoscaling.minReplicas=5,autoscaling.maxReplicas=2": "minReplicas is above maxReplicas",
			"config.seedMaxAge=2": "seedMaxAge",
		} {
			out, err := exec.CommandContext(t.Context(), helm, "template", "bayplan", serviceChart, "--set", values).CombinedOutput()
			require.Error(t, err, values)
			require.Contains(t, string(out), says, values)
			require.NotContains(t, string(out), "nil pointer", values)
			require.NotContains(t, string(out), "tooshort", "a secret is not shown")
		}
		for _, release := range []string{"1234", "a.b"} {
			out, err := exec.CommandContext(t.Context(), helm, "template", release, serviceChart).CombinedOutput()
			require.Error(t, err)
			require.Contains(t, string(out), "begins with a letter and has no dot")
		}
		helmed(t, helm, "template", "bayplan", serviceChart, "--set", "chartVersion=0.0.1,chartRepository=tools,kubeVersion=x,global.a=b")
	}
}

// decidedByChart are the settings of serve that config does not give: the chart
// does, from other values, or nobody should.
var decidedByChart = []string{
	"listen", "operationsListen", "tlsCert", "tlsKey", "clientCa", "stateDir", "keyring", "webhookSecretFile", "shutdownDelay", "shutdownGrace",
	"seed", "seedCa", "seedKeyring", "demo", "kubeconfig", "context", "registry",
}

// The schema of the values knows the settings that serve has, and no other. A new
// flag of serve is added there (config in deploy/chart/values.schema.json), or to
// decidedByChart.
func TestServiceChartKnowsTheSettings(t *testing.T) {
	text, err := os.ReadFile(serviceChart + "/values.schema.json")
	require.NoError(t, err)
	var schema struct {
		Properties struct {
			Config struct {
				Properties map[string]struct {
					AdditionalProperties struct{ Properties map[string]any }
				}
			}
		}
	}
	require.NoError(t, json.Unmarshal(text, &schema))
	serve, _, err := newRootCommand(streams{out: io.Discard, err: io.Discard}).Find([]string{"serve"})
	require.NoError(t, err)
	want := []string{registriesKey}
	for key := range settableFlags(serve.Parent()) {
		if serve.Flags().Lookup(flagName(key)) != nil && !slices.Contains(decidedByChart, key) {
			want = append(want, key)
		}
	}
	var got []string
	for key := range schema.Properties.Config.Properties {
		got = append(got, key)
	}
	require.ElementsMatch(t, want, got)
	var fields []string
	for field := range schema.Properties.Config.Properties[registriesKey].AdditionalProperties.Properties {
		fields = append(fields, field)
	}
	require.ElementsMatch(t, registryFields(), fields)
}

// Names that YAML takes for something else, and long ones, are names; two releases
// have nothing in common, be it that they are called alike in two namespaces.
func TestServiceChartUnderAnyName(t *testing.T) {
	long := strings.Repeat("a", 53)
	seen := map[string]string{}
	for _, release := range []string{"on", "null", "y", "other", long} {
		for _, namespace := range []string{"bayplan", "1e3", strings.Repeat("b", 63)} {
			m := renderedAs(t, registrytest.Tool(t, "helm4"), release, "--namespace", namespace, "--set-string",
				"configMap.namespace=0,configMap.name=1e1,image.pullSecrets[0]=7,webhook.existingSecret=true,credentials.existingSecret=1")
			d := of[*appsv1.Deployment](t, m, "Deployment/"+release)
			require.Equal(t, release, d.Spec.Template.Labels["name"])
			require.Equal(t, release, d.Spec.Template.Spec.ServiceAccountName)
			require.Equal(t, "7", d.Spec.Template.Spec.ImagePullSecrets[0].Name)
			for name, object := range m {
				of := object.(metav1.Object)
				place := of.GetNamespace()
				if place == "" {
					place = namespace
				} else {
					require.Equal(t, "0", place)
				}
				require.LessOrEqual(t, len(of.GetName()), 253)
				for _, value := range of.GetLabels() {
					require.LessOrEqual(t, len(value), 63, name)
				}
				by := release + " in " + namespace
				require.Empty(t, seen[place+"/"+name], "%s is %s's", name, by)
				seen[place+"/"+name] = by
			}
		}
	}
}

// flagName is the flag of a key: logLevel is log-level.
func flagName(key string) string {
	return strings.ToLower(regexp.MustCompile(`[A-Z]`).ReplaceAllString(key, "-$0"))
}

// What the chart makes of an environment's values is what the program takes: it
// starts with it, is alive and ready although no registry answers, is reached as
// helm test does, and drains.
func TestServiceChartRuns(t *testing.T) {
	m := rendered(t, registrytest.Tool(t, "helm3"), "--values", environment(t, "tools"), "--set", "drain.delay=0")
	cluster := kubernetestest.Start()
	t.Cleanup(cluster.Close)
	cluster.Put("tf-public", "image-config", map[string]string{
		"images-v1.yaml": "bookworm: {state: stable, image: tools-harbor.wmcloud.org/toolforge-pre-built/bookworm}",
	}, nil)
	ours := newAuthority(t)
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, cluster.WriteKubeconfig(kubeconfig, "tools", ""))
	silent, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, silent.Close()) })
	unanswered := "BAYPLAN_REGISTRY=tools-harbor.wmcloud.org=http://" + silent.Addr().String()
	run := podOf(t, m, kubeconfig, ours)
	began := time.Now()
	s := bayplan(t, append(run.env, unanswered), run.args...)
	operations := s.await(operateLine)
	require.NotNil(t, operations, s.output())
	require.Equal(t, http.StatusOK, statusOf(t, operations[1]+"/v1/healthz"))
	alive := time.Since(began)
	require.Eventually(t, func() bool { return statusOf(t, operations[1]+"/v1/readyz") == http.StatusOK }, patience, 5*time.Millisecond, s.output())
	t.Logf("alive after %s, ready after %s", alive, time.Since(began)) // 3 s are allowed; a busy machine may take longer
	require.NotContains(t, s.output(), deploySecret)

	address := gatewayLine.FindStringSubmatch(s.output())
	require.NotNil(t, address, s.output())
	test := of[*corev1.Pod](t, m, "Pod/bayplan-test").Spec.Containers[0].Args
	list := command(t, nil, run.here(strings.ReplaceAll(strings.Join(test, "\x00"), "bayplan.bayplan.svc:8443", "localhost:"+address[1]))...)
	out, err := list.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), "bookworm")
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	requireExit(t, s, exitDone)

	// Alive, and not ready, while nobody says what the catalog is.
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	cluster.Answer(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	run = podOf(t, m, kubeconfig, ours) // a new pod has no state
	s = bayplan(t, append(run.env, unanswered), run.args...)
	operations = s.await(operateLine)
	require.NotNil(t, operations, s.output())
	require.Equal(t, http.StatusOK, statusOf(t, operations[1]+"/v1/healthz"))
	require.Equal(t, http.StatusServiceUnavailable, statusOf(t, operations[1]+"/v1/readyz"))
}

// A pod asks those that are there, over the mutual TLS that all of them take, with
// what the chart mounts.
func TestServiceChartSeedsFromPeers(t *testing.T) {
	m := rendered(t, registrytest.Tool(t, "helm4"), "--set", "seed.fromPeers=true,drain.delay=0")
	cluster := kubernetestest.Start()
	t.Cleanup(cluster.Close)
	cluster.Put("tf-public", "image-config", map[string]string{"images-v1.yaml": "bookworm: {state: stable, image: harbor.example/x/bookworm}"}, nil)
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, cluster.WriteKubeconfig(kubeconfig, "tools", ""))
	ours, registry := newAuthority(t), registrytest.InProcess(t)
	run := podOf(t, m, kubeconfig, ours)
	first := bayplan(t, append(run.env, "BAYPLAN_REGISTRY=harbor.example="+registry.URL), run.args...)
	require.NotNil(t, first.await(regexp.MustCompile(`msg=ready `)), first.output())
	port := gatewayLine.FindStringSubmatch(first.output())
	require.NotNil(t, port, first.output())

	run = podOf(t, m, kubeconfig, ours)
	settings := filepath.Join(run.dir, "etc", "bayplan.yaml")
	text, err := os.ReadFile(settings)
	require.NoError(t, err)
	require.Contains(t, string(text), "bayplan.bayplan.svc:8443")
	replace(t, settings, strings.ReplaceAll(string(text), "bayplan.bayplan.svc:8443", "localhost:"+port[1]))
	second := bayplan(t, append(run.env, "BAYPLAN_REGISTRY=harbor.example="+nobodyListen), run.args...)
	require.NotNil(t, second.await(regexp.MustCompile(`msg="a seed is served, marked stale, until the sources answer" .*built_images=0 registries=1`)), second.output())
}

// What the chart makes of an export's address and of keys is what the program takes:
// it begins with that export, because one of the keys signed it.
func TestServiceChartSeedsFromAnExport(t *testing.T) {
	signer, err := openpgp.NewEntity("ann", "", "ann@example.org", &packet.Config{Algorithm: packet.PubKeyAlgoRSA, RSABits: 2048})
	require.NoError(t, err)
	export, signature := ghosts(), bytes.Buffer{}
	require.NoError(t, openpgp.ArmoredDetachSign(&signature, signer, strings.NewReader(export), nil))
	files := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, known := map[string]string{"/images.json": export, "/images.json.asc": signature.String()}[r.URL.Path]
		if !known {
			http.NotFound(w, r)
		}
		_, _ = io.WriteString(w, text) // whoever went does not need it
	}))
	t.Cleanup(files.Close)
	var ring bytes.Buffer
	armored, err := armor.Encode(&ring, openpgp.PublicKeyType, nil)
	require.NoError(t, err)
	require.NoError(t, errors.Join(signer.Serialize(armored), armored.Close()))
	ours := newAuthority(t)
	authority := filepath.Join(t.TempDir(), "authority.pem")
	ours.write(t, authority)
	pemText, err := os.ReadFile(authority)
	require.NoError(t, err)
	values, err := yaml.Marshal(map[string]any{
		"seed":   map[string]any{"url": files.URL + "/images.json", "keyring": ring.String(), "authorities": string(pemText)},
		"config": map[string]any{"seedMaxAge": "1h", "seedTimeout": "10s", "registries": map[string]any{"harbor.example": map[string]any{"kind": "harbor", "url": nobodyListen}}},
	})
	require.NoError(t, err)
	given := filepath.Join(t.TempDir(), "values.yaml")
	require.NoError(t, os.WriteFile(given, values, 0o600))
	m := rendered(t, registrytest.Tool(t, "helm4"), "--values", given, "--set", "drain.delay=0")

	cluster := kubernetestest.Start()
	t.Cleanup(cluster.Close)
	cluster.Put("tf-public", "image-config", map[string]string{"images-v1.yaml": "bookworm: {state: stable, image: harbor.example/x/bookworm}"}, nil)
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, cluster.WriteKubeconfig(kubeconfig, "tools", ""))
	run := podOf(t, m, kubeconfig, ours)
	s := bayplan(t, run.env, run.args...)
	require.NotNil(t, s.await(regexp.MustCompile(`msg="a seed is served, marked stale, until the sources answer" .*built_images=22 `)), s.output())
}

// gatewayLine tells the port of the listener with TLS.
var gatewayLine = regexp.MustCompile(`msg=listening address=https://127\.0\.0\.1:(\d+) `)

func statusOf(t *testing.T, address string) int {
	t.Helper()
	response, err := testClient.Get(address)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.StatusCode
}

// podRun is the container of a render as a process of this machine.
type podRun struct {
	dir  string // what is below /etc/bayplan and /var/lib/bayplan
	env  []string
	args []string
}

func (r *podRun) here(args string) []string {
	return strings.Split(strings.NewReplacer("/etc/bayplan", r.dir+"/etc", "/var/lib/bayplan", r.dir+"/state").Replace(args), "\x00")
}

// podOf mounts what the deployment mounts.
func podOf(t *testing.T, m manifests, kubeconfig string, ours *authority) *podRun {
	t.Helper()
	r := &podRun{dir: t.TempDir()}
	pod := of[*appsv1.Deployment](t, m, "Deployment/bayplan").Spec.Template.Spec
	issued := pemFiles(t)
	issued.writeServer(t, ours.issue(t))
	ours.write(t, issued.clientCA)
	for _, source := range pod.Volumes[0].Projected.Sources {
		if source.ConfigMap != nil {
			for name, text := range of[*corev1.ConfigMap](t, m, "ConfigMap/"+source.ConfigMap.Name).Data {
				mounted(t, filepath.Join(r.dir, "etc", name), []byte(r.here(text)[0]))
			}
			continue
		}
		for _, item := range source.Secret.Items {
			content := []byte(nil)
			if secret, ok := m["Secret/"+source.Secret.Name].(*corev1.Secret); ok {
				content = secret.Data[item.Key]
			} else { // cert-manager's
				var err error
				content, err = os.ReadFile(filepath.Join(filepath.Dir(issued.cert), item.Key))
				require.NoError(t, err)
			}
			require.NotEmpty(t, content, item.Key)
			mounted(t, filepath.Join(r.dir, "etc", item.Path), content)
		}
	}
	require.NoError(t, os.Mkdir(filepath.Join(r.dir, "state"), 0o755))
	for _, v := range pod.Containers[0].Env {
		r.env = append(r.env, v.Name+"="+r.here(v.Value)[0])
	}
	r.env = append(r.env, "BAYPLAN_LISTEN=127.0.0.1:0", "BAYPLAN_OPERATIONS_LISTEN=127.0.0.1:0", "BAYPLAN_LOG_FORMAT=text", "BAYPLAN_KUBECONFIG="+kubeconfig)
	r.args = r.here(strings.Join(pod.Containers[0].Args, "\x00"))
	return r
}

func mounted(t *testing.T, path string, content []byte) {
	t.Helper()
	require.NoError(t, errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, content, 0o600)))
}
