package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/provenance"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
)

// flip changes one bit in the middle.
func flip(data []byte) []byte {
	data = bytes.Clone(data)
	data[len(data)/2] ^= 1
	return data
}

// One bit is enough: in what the registry sends, which digests tell, and in what
// was pushed with digests that fit, which the signature tells. Nothing is written.
func TestPullRefusesAFlippedBit(t *testing.T) {
	entity, err := openpgp.NewEntity("maintainer", "", "maintainer@example.org", &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA})
	require.NoError(t, err)
	var secret, open bytes.Buffer
	require.NoError(t, entity.SerializePrivate(&secret, nil))
	require.NoError(t, entity.Serialize(&open))
	ring := filepath.Join(t.TempDir(), "maintainer.public")
	require.NoError(t, os.WriteFile(ring, open.Bytes(), 0o600))
	key, err := provenance.ReadKey(secret.Bytes(), "", nil)
	require.NoError(t, err)

	metadata := "apiVersion: v2\nname: image-config\nversion: 1.0.0\n"
	archive := archiveOf(t, map[string]string{"Chart.yaml": metadata, "values.yaml": offers("a")})
	other := archiveOf(t, map[string]string{"Chart.yaml": metadata, "values.yaml": offers("b")})
	prov, err := key.Sign([]byte(metadata), "image-config-1.0.0.tgz", archive, time.Now())
	require.NoError(t, err)
	text := bytes.Replace(prov, []byte("name: image-config"), []byte("name: image-confih"), 1)
	require.NotEqual(t, prov, text)

	for name, c := range map[string]struct {
		archive, prov []byte
		sent          []byte // is sent with one bit flipped
		path          string
		code          int
		told          string
	}{
		"none":                    {archive, prov, nil, "", exitDone, ""},
		"of the manifest":         {archive, prov, []byte("{"), "/manifests/", exitFailure, "asked for sha256:"},
		"of the archive":          {archive, prov, archive, "/blobs/", exitFailure, "asked for sha256:"},
		"of the config":           {archive, prov, []byte(`{"name"`), "/blobs/", exitFailure, "asked for sha256:"},
		"of the signature":        {archive, prov, prov, "/blobs/", exitFailure, "asked for sha256:"},
		"another archive, pushed": {other, prov, nil, "", exitFailure, "it does not fit"},
		"another text, pushed":    {archive, text, nil, "", exitFailure, "it does not fit"},
	} {
		t.Run(name, func(t *testing.T) {
			shelf, repository := shelfWith(t, artifact.Package{Archive: c.archive, Provenance: c.prov})
			shelf.Hook(func(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
				if c.sent == nil || r.Method != http.MethodGet || !strings.Contains(r.URL.Path, c.path) {
					return false
				}
				answer := httptest.NewRecorder()
				next.ServeHTTP(answer, r)
				body := answer.Body.Bytes()
				if bytes.HasPrefix(body, c.sent) {
					body = flip(body)
				}
				for header, values := range answer.Header() {
					w.Header()[header] = values
				}
				w.WriteHeader(answer.Code)
				_, _ = w.Write(body)
				return true
			})
			dir := t.TempDir()
			var out, messages bytes.Buffer
			code := run(t.Context(), []string{"pull", repository.String() + ":1.0.0", "-d", dir, "--keyring", ring, "--registry", shelf.Host + "=" + shelf.URL},
				streams{out: &out, err: &messages})
			require.Equal(t, c.code, code, &messages)
			require.Contains(t, messages.String(), c.told)
			written, err := os.ReadDir(dir)
			require.NoError(t, err)
			require.Equal(t, c.code == exitDone, len(written) > 0)
		})
	}
}
