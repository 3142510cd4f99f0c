package fault_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

var (
	notFound = fault.New(fault.NotFound, "pull chart", "oci://a.example/x:1", "no such version").WithHint("publish it first")
	busy     = &fault.Error{Kind: fault.RateLimited, Side: "b.example", RetryAfter: 7 * time.Second, Err: io.EOF}
)

func TestThroughWrappingAndJoins(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		kind  fault.Kind
		hint  string
		after time.Duration
	}{
		"nil":               {nil, fault.Internal, "", 0},
		"unclassified":      {io.EOF, fault.Internal, "", 0},
		"itself":            {notFound, fault.NotFound, "publish it first", 0},
		"wrapped by fmt":    {fmt.Errorf("look: %w", notFound), fault.NotFound, "publish it first", 0},
		"outermost counts":  {fault.Wrap(fault.Refused, "take", "", notFound), fault.Refused, "publish it first", 0},
		"outer hint first":  {fault.New(fault.Refused, "", "", "%w", notFound).WithHint("ask %s", "us"), fault.Refused, "ask us", 0},
		"joined":            {errors.Join(io.EOF, notFound, busy), fault.NotFound, "publish it first", 7 * time.Second},
		"joined, then deep": {fault.Wrap(fault.Unreachable, "ask", "", errors.Join(busy, fmt.Errorf("and: %w", notFound))), fault.Unreachable, "publish it first", 7 * time.Second},
		"several in one":    {fmt.Errorf("%w; %w", busy, notFound), fault.RateLimited, "publish it first", 7 * time.Second},
		"out of time":       {fmt.Errorf("look: %w", context.DeadlineExceeded), fault.Unreachable, "", 0},
		"cancelled":         {context.Canceled, fault.Internal, "", 0},
		"a kind alone":      {fmt.Errorf("look: %w", fault.Denied.Err()), fault.Denied, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.kind, fault.KindOf(c.err))
			require.Equal(t, c.err != nil, fault.Is(c.err, c.kind), "nil is of no kind")
			require.Equal(t, c.hint, fault.HintOf(c.err))
			require.Equal(t, c.after, fault.RetryAfterOf(c.err))
		})
	}
}

func TestTheCauseStaysReachable(t *testing.T) {
	err := fault.Wrap(fault.Unreachable, "ask", "a.example", busy)
	require.ErrorIs(t, err, io.EOF)
	require.ErrorIs(t, err, fault.Unreachable.Err())
	require.ErrorIs(t, err, fault.RateLimited.Err(), "a kind deeper in the chain")
	require.NotErrorIs(t, err, fault.NotFound.Err())
	require.NoError(t, fault.Wrap(fault.Unreachable, "ask", "a.example", nil))
}

func TestMessages(t *testing.T) {
	for wanted, err := range map[string]error{
		"pull chart: oci://a.example/x:1: no such version": notFound,
		"b.example: EOF":  busy,
		"ask: EOF":        fault.Wrap(fault.Unreachable, "ask", "", io.EOF),
		"EOF":             fault.Wrap(fault.Unreachable, "", "", io.EOF),
		"ask: too_large":  &fault.Error{Kind: fault.TooLarge, Op: "ask"},
		"unsupported":     &fault.Error{Kind: fault.Unsupported},
		"100% of 3 files": fault.New(fault.Invalid, "", "", "100%% of %d files", 3),
	} {
		require.EqualError(t, err, wanted)
	}
}

func TestKindsHaveWords(t *testing.T) {
	words := map[string]bool{}
	for k := fault.Internal; k <= fault.Usage; k++ {
		words[k.String()] = true
		require.EqualError(t, k.Err(), k.String())
	}
	require.Len(t, words, int(fault.Usage)+1)
	require.NotContains(t, words, "")
	require.Equal(t, "internal", (fault.Usage + 1).String())
	require.Equal(t, "internal", fault.Kind(-1).String())
}
