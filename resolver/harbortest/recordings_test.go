package harbortest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// notReplayed are the files that no test sends or expects, with the reason.
var notReplayed = map[string]string{
	"README.md":  "says what the recordings are",
	"calls.json": "the list of calls",
}

// TestEveryRecordingIsReplayed keeps a recording from lying about unused.
func TestEveryRecordingIsReplayed(t *testing.T) {
	var calls []recordedCall
	read(t, "calls.json", &calls)
	known := map[string]bool{"token.anonymous-public.claims": true, "token.anonymous-private.claims": true}
	for _, c := range calls {
		known[c.Name] = true
	}
	files, err := os.ReadDir(filepath.Join("..", "..", "testdata", "harbor"))
	require.NoError(t, err)
	for _, file := range files {
		name := file.Name()
		if _, ok := notReplayed[name]; ok {
			continue
		}
		base := name
		for _, ending := range []string{".headers.txt", ".json", ".txt"} {
			base = strings.TrimSuffix(base, ending)
		}
		require.True(t, known[base] || isWebhookStep(base), name)
	}
}

// isWebhookStep tells whether [TestWebhookReplay] has the action of a delivery.
func isWebhookStep(base string) bool {
	action, ok := strings.CutPrefix(base, "webhook.")
	for _, step := range webhookActions {
		if ok && (strings.HasPrefix(action, step+".default") || strings.HasPrefix(action, step+".cloudevents")) {
			return true
		}
	}
	return false
}
