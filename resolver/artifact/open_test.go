package artifact_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/opencontainers/go-digest"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
)

// kept gives a chart that was published and pulled, and its contents by digest.
func kept(t *testing.T) (*artifact.Chart, map[string][]byte) {
	t.Helper()
	c := newClient(t, registrytest.InProcess(t).URL, artifact.Options{Provenance: true})
	_, err := c.Publish(t.Context(), catalog, artifact.Package{Archive: archive(t, "1.4.0"), Provenance: []byte("signed")})
	require.NoError(t, err)
	pulled, err := c.Pull(t.Context(), catalog, version("1.4.0"))
	require.NoError(t, err)
	contents := map[string][]byte{}
	for _, content := range pulled.Contents() {
		contents[digest.FromBytes(content).String()] = content
	}
	require.Len(t, contents, 4)
	return pulled, contents
}

// A chart that was pulled can be opened without a registry, and is the same.
func TestOpenGivesWhatWasPulled(t *testing.T) {
	pulled, contents := kept(t)
	ref := pulled.Reference
	opened, err := artifact.Open(ref, contents, true, artifact.Limits{})
	require.NoError(t, err)
	require.Equal(t, pulled, opened)
	delete(contents, digest.FromBytes(pulled.Provenance).String())
	opened, err = artifact.Open(ref, contents, false, artifact.Limits{})
	require.NoError(t, err)
	require.Nil(t, opened.Provenance)
	ref.Version = "stable" // a moving tag promises no version
	opened, err = artifact.Open(ref, contents, false, artifact.Limits{})
	require.NoError(t, err)
	require.Equal(t, "1.4.0", opened.Version)
}

// Contents are checked as those that a registry sends.
func TestOpenChecksContents(t *testing.T) {
	pulled, _ := kept(t)
	for name, one := range map[string]struct {
		change func(ref *artifact.Reference, contents map[string][]byte)
		limits artifact.Limits
		kind   fault.Kind
	}{
		"nothing":              {change: func(_ *artifact.Reference, c map[string][]byte) { clear(c) }, kind: fault.NotFound},
		"no archive":           {change: func(_ *artifact.Reference, c map[string][]byte) { delete(c, pulled.ArchiveDigest) }, kind: fault.NotFound},
		"another archive":      {change: func(_ *artifact.Reference, c map[string][]byte) { c[pulled.ArchiveDigest] = []byte("x") }, kind: fault.Tampered},
		"a flipped bit":        {change: func(_ *artifact.Reference, c map[string][]byte) { c[pulled.ArchiveDigest] = flipped(pulled.Archive) }, kind: fault.Tampered},
		"another manifest":     {change: func(_ *artifact.Reference, c map[string][]byte) { c[pulled.Digest] = flipped(pulled.Manifest) }, kind: fault.Tampered},
		"no provenance":        {change: func(_ *artifact.Reference, c map[string][]byte) { delete(c, digest.FromString("signed").String()) }, kind: fault.NotFound},
		"another version":      {change: func(r *artifact.Reference, _ map[string][]byte) { r.Version = "1.5.0" }, kind: fault.Invalid},
		"another chart's name": {change: func(r *artifact.Reference, _ map[string][]byte) { r.Path = "toolforge/other" }, kind: fault.Invalid},
		"too large":            {limits: artifact.Limits{Archive: 10}, kind: fault.TooLarge},
		"no chart": {change: func(r *artifact.Reference, c map[string][]byte) {
			r.Digest = digest.FromString("{}").String()
			c[r.Digest] = []byte("{}")
		}, kind: fault.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			pulledNow, contents := kept(t)
			ref := pulledNow.Reference
			if one.change != nil {
				one.change(&ref, contents)
			}
			_, err := artifact.Open(ref, contents, true, one.limits)
			require.Error(t, err)
			require.Equal(t, one.kind, fault.KindOf(err), fmt.Sprint(err))
		})
	}
}

func flipped(data []byte) []byte {
	out := bytes.Clone(data)
	out[len(out)/2] ^= 1
	return out
}
