package harbortest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// An image with a serial number is the same in every Harbor, whatever was pushed
// before it; one without is another each time.
func TestSerialNamesAnImage(t *testing.T) {
	push := func(h *harbortest.Harbor, serial uint32) string {
		h.AddProject("tool-x", harbortest.Public)
		digest, err := h.Push("tool-x/x", "latest", harbortest.Profile{Serial: serial})
		require.NoError(t, err)
		return digest
	}
	one, two := harbortest.New(harbortest.Options{}), harbortest.New(harbortest.Options{})
	defer one.Close()
	defer two.Close()
	require.NotEqual(t, push(one, 0), push(one, 0))
	require.Equal(t, push(one, 7), push(two, 7))
	require.NotEqual(t, push(one, 7), push(one, 8))
}
