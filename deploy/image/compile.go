package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// program is a compiled bayplan, and what it knows of its own making.
type program struct {
	platform v1.Platform
	binary   []byte
	info     *buildinfo.BuildInfo
	version  string
}

// steady are the settings of Go that decide what comes out, whatever the
// environment of whoever builds says.
var steady = []string{
	"CGO_ENABLED=0", "GOFLAGS=", "GOAMD64=v1", "GOARM64=v8.0", "GOEXPERIMENT=", "GOFIPS140=off", "GOWORK=off",
}

// compile builds cmd/bayplan of a source for a platform. version is what it says
// it is; "" leaves that to Go.
func compile(ctx context.Context, source, version string, platform v1.Platform) (*program, error) {
	dir, err := os.MkdirTemp("", "bayplan-image-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // only a copy is left
	path := filepath.Join(dir, "bayplan")
	ldflags := "-s -w"
	if version != "" {
		ldflags += " -X main.version=" + version
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=true", "-ldflags", ldflags, "-o", path, "./cmd/bayplan")
	cmd.Dir = source
	cmd.Env = slices.Concat(os.Environ(), steady, []string{"GOOS=" + platform.OS, "GOARCH=" + platform.Architecture})
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("go build for %s: %w\n%s", platform, err, strings.TrimSpace(said.String()))
	}
	p := &program{platform: platform, version: version}
	if p.binary, err = os.ReadFile(path); err != nil {
		return nil, err
	}
	if p.info, err = buildinfo.Read(bytes.NewReader(p.binary)); err != nil {
		return nil, err
	}
	if p.version == "" {
		p.version = p.info.Main.Version // as cmd/bayplan has it
	}
	if p.version == "" || p.version == "(devel)" {
		p.version = "devel"
	}
	return p, nil
}

// setting is what the build information says of a key; "" if nothing.
func (p *program) setting(key string) string {
	for _, s := range p.info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}

// revision is the commit that the program is of; "+dirty" after it, as Go marks
// versions, if the files were not what was committed.
func (p *program) revision() string {
	revision := p.setting("vcs.revision")
	if p.modified() && revision != "" {
		revision += "+dirty"
	}
	return revision
}

func (p *program) modified() bool { return p.setting("vcs.modified") == "true" }

// committed is when that was; the beginning of time if nobody knows.
func (p *program) committed() time.Time {
	at, err := time.Parse(time.RFC3339, p.setting("vcs.time"))
	if err != nil {
		return time.Unix(0, 0).UTC()
	}
	return at.UTC()
}

func (p *program) sha256() string {
	sum := sha256.Sum256(p.binary)
	return hex.EncodeToString(sum[:])
}

// traceable tells whether the program says truly which source it is of.
func (p *program) traceable() error {
	switch {
	case p.setting("vcs.revision") == "":
		return errors.New("go found no commit to write into the program: build in a git clone (a linked worktree is none to Go), or with --any-revision")
	case p.modified():
		return errors.New("there are changes that are not committed: commit them, or build with --any-revision, and the image says so")
	}
	return nil
}
