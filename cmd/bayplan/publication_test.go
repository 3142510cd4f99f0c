package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
)

// offers is a catalog with these images.
func offers(names ...string) string {
	var out strings.Builder
	out.WriteString("formatVersion: \"1.0\"\nimages:\n")
	for _, name := range names {
		fmt.Fprintf(&out, "  %s: {state: stable, image: one.example/%s, variants: {}}\n", name, name)
	}
	return out.String()
}

// Who stops a publication halfway is told how far it came, and that is so.
func TestPublishStoppedHalfway(t *testing.T) {
	first, second := registrytest.InProcess(t), registrytest.InProcess(t)
	ctx, stop := context.WithCancelCause(t.Context())
	second.Hook(func(_ http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if r.Method != http.MethodPut || !strings.Contains(r.URL.Path, "/manifests/") {
			return false
		}
		_, _ = io.Copy(io.Discard, r.Body) // else nobody notices that the client went
		stop(interrupted{syscall.SIGINT})
		<-r.Context().Done()
		return true
	})
	file := filepath.Join(t.TempDir(), "image-config-1.0.0.tgz")
	archive := archiveOf(t, map[string]string{"Chart.yaml": "apiVersion: v2\nname: image-config\nversion: 1.0.0\n", "values.yaml": offers("a")})
	require.NoError(t, os.WriteFile(file, archive, 0o600))
	publish := func(ctx context.Context) (int, string, string) {
		args := []string{"publish", file, "--default-type", ""}
		for _, s := range []*registrytest.Server{first, second} {
			args = append(args, "oci://"+s.Host+"/toolforge/image-config", "--registry", s.Host+"="+s.URL)
		}
		var out, messages bytes.Buffer
		code := run(ctx, args, streams{out: &out, err: &messages})
		return code, out.String(), messages.String()
	}
	code, out, told := publish(ctx)
	require.Equal(t, 130, code)
	require.Empty(t, out)
	require.Equal(t, "stopped (published at "+first.Host+"; the same command goes on)\n", told)

	second.Hook(nil)
	code, out, told = publish(t.Context())
	require.Equal(t, exitDone, code, told)
	require.Contains(t, out, "already published")
	require.Regexp(t, second.Host+".* published ", out)
}

// archiveOf packages files as they are, valid or not.
func archiveOf(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	w := tar.NewWriter(zip)
	for name, text := range files {
		require.NoError(t, w.WriteHeader(&tar.Header{Name: "image-config/" + name, Mode: 0o644, Size: int64(len(text)), Typeflag: tar.TypeReg}))
		_, err := w.Write([]byte(text))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	require.NoError(t, zip.Close())
	return out.Bytes()
}

// shelfWith starts a registry that has one chart, pushed without a look at it.
func shelfWith(t *testing.T, p artifact.Package) (*registrytest.Server, artifact.Reference) {
	t.Helper()
	shelf := registrytest.InProcess(t)
	hosts, err := endpoint.New(map[string]endpoint.Config{shelf.Host: {PlainHTTP: true}}, endpoint.Options{})
	require.NoError(t, err)
	t.Cleanup(hosts.CloseIdle)
	repository := artifact.Reference{Host: shelf.Host, Path: "toolforge/image-config"}
	_, err = artifact.New(hosts, artifact.Options{}).Publish(t.Context(), repository, p)
	require.NoError(t, err)
	return shelf, repository
}

// What another tool published need not be valid, or rendered at all. That no
// comparison is possible is told, and is no way past one.
func TestPublishAfterWhatCannotBeCompared(t *testing.T) {
	const object = "kind: ConfigMap\nmetadata: {name: image-config}\n"
	for name, c := range map[string]struct {
		values, template string
		against          []string
	}{
		"an invalid catalog":     {"formatVersion: \"1.0\"\nimages: {a: {state: stabel, image: one.example/a}}\n", object, []string{"not-compared", "older-version"}},
		"a template that fails":  {offers("a"), `{{ fail "no" }}`, []string{"not-rendered", "older-version"}},
		"another object":         {offers("a"), object + "---\nkind: Role\nmetadata: {name: reader}\n", []string{"object-dropped:Role/reader", "older-version"}},
		"both, and other images": {offers("b", "c", "d") + "  e: {state: 7}\n", `{{ fail "no" }}`, []string{"not-compared", "not-rendered", "older-version"}},
	} {
		t.Run(name, func(t *testing.T) {
			shelf, repository := shelfWith(t, artifact.Package{Archive: archiveOf(t, map[string]string{
				"Chart.yaml":  "apiVersion: v2\nname: image-config\nversion: 2.0.0\n",
				"values.yaml": c.values, "templates/all.yaml": c.template,
			})})
			dir := t.TempDir()
			for file, text := range map[string]string{
				"Chart.yaml": "apiVersion: v2\nname: image-config\nversion: 1.0.0\n", "values.yaml": offers("a"), "templates/all.yaml": object,
			} {
				require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, file)), 0o700))
				require.NoError(t, os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600))
			}
			publish := func(flags ...string) (int, string) {
				var out, messages bytes.Buffer
				args := append([]string{"publish", dir, repository.String(), "--default-type", "", "--registry", shelf.Host + "=" + shelf.URL}, flags...)
				return run(t.Context(), args, streams{out: &out, err: &messages}), messages.String()
			}
			code, told := publish()
			require.Equal(t, exitFindings, code, told)
			var allow []string
			for _, one := range c.against {
				require.Contains(t, told, "("+one+")\n")
				allow = append(allow, "--allow", one)
			}
			require.Equal(t, len(c.against), strings.Count(told, "against it: "), told)
			code, told = publish(allow...)
			require.Equal(t, exitDone, code, told)
		})
	}
}
