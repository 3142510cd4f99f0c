package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A registry that warns with each answer, of ever new things, fills no log.
func TestARegistrysWarningsAreLoggedOnce(t *testing.T) {
	var out bytes.Buffer
	said := &warnings{log: slog.New(slog.NewTextHandler(&out, nil))}
	for range 3 {
		said.warn("registry.example", "we close in May")
		said.warn("harbor.example", "we close in May")
	}
	require.Equal(t, 2, strings.Count(out.String(), `msg="a registry warns"`), out.String())
	for i := range 10 * maxWarnings {
		said.warn("registry.example", fmt.Sprint(i))
	}
	require.Equal(t, maxWarnings, strings.Count(out.String(), "\n"))
	(&warnings{}).warn("registry.example", "nobody listens")
}
