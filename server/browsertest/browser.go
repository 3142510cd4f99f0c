package browsertest

import (
	"context"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
)

// patience is how long a test waits for what takes a moment; only a failing one
// takes as long.
const patience = 20 * time.Second

// Browser is a running browser.
type Browser struct{ ctx context.Context }

// Start starts Debian's chromium with a profile that is empty, and ends it with
// the test. Without one on PATH the test is skipped (see [registrytest.Tool]).
func Start(t testing.TB) *Browser {
	t.Helper()
	program := registrytest.Tool(t, "chromium")
	allocator, release := chromedp.NewExecAllocator(context.Background(), append(flags(), chromedp.ExecPath(program))...)
	t.Cleanup(release)
	ctx, end := chromedp.NewContext(allocator)
	t.Cleanup(end)
	require.NoError(t, chromedp.Do(ctx), "start %s", program)
	return &Browser{ctx}
}

// flags start a browser that is its own alone: it has no profile, asks nobody for
// anything, and finds no host but this one.
func flags() []chromedp.ExecAllocatorOption {
	var out []chromedp.ExecAllocatorOption
	for _, name := range []string{
		"headless", "no-sandbox", // CI runs as root, in a container
		"disable-gpu", "disable-quic", "no-first-run", "no-default-browser-check", "disable-background-networking",
		"disable-component-update", "disable-sync", "disable-dev-shm-usage", "disable-extensions", "mute-audio", "hide-scrollbars",
	} {
		out = append(out, chromedp.Flag(name, true))
	}
	return append(out,
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
		chromedp.Flag("force-color-profile", "srgb"),
		chromedp.Flag("lang", "en-GB"),
	)
}
