package helmtest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// maxRendered is the bound on the text of images-v1.yaml, in bytes.
const maxRendered = 900 * 1024

// sized is a catalog whose rendered text has exactly n bytes.
func sized(n int) string {
	const frame = "big:\n  image: registry.example/big\n  state: stable\n  variants:\n    x:\n      extra:\n        filler: %s\n      image: registry.example/x\n"
	return asImages(fmt.Sprintf(frame, strings.Repeat("x", n-len(fmt.Sprintf(frame, "")))))
}

func TestRenderingStopsAbove900KiB(t *testing.T) {
	fits, tooLarge := chartWith(t, sized(maxRendered)), chartWith(t, sized(maxRendered+1))
	eachHelm(t, func(t *testing.T, h helm) {
		require.Len(t, catalogOf(t, h, fits), maxRendered)
		out := h.fails(t, "template", "image-config", tooLarge)
		require.Contains(t, out.stderr, "the catalog renders to 921601 bytes of images-v1.yaml and may have 921600")
		require.Contains(t, out.stderr, "tombstones", "the message says what to do")
	})
}
