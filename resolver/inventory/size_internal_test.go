package inventory

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// There may be a hundred thousand of each. Go hands out memory in steps, of which
// 64 and 80 bytes are two; markers and the like have to fit into what was there.
func TestToolsAndRepositoriesAreSmall(t *testing.T) {
	require.LessOrEqual(t, unsafe.Sizeof(Tool{}), uintptr(80))
	require.LessOrEqual(t, unsafe.Sizeof(Repository{}), uintptr(64))
}
