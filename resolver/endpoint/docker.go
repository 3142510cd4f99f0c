package endpoint

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
	"oras.land/oras-go/v2/registry/remote/credentials"
	"oras.land/oras-go/v2/registry/remote/credentials/trace"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/rotated"
)

// helperTimeout bounds one run of a credential helper.
const helperTimeout = 5 * time.Second

// maxDockerConfig bounds Docker's config.json, in bytes.
const maxDockerConfig = 1 << 20

// DockerCredentials looks credentials up where docker login keeps them: in
// $DOCKER_CONFIG/config.json or ~/.docker/config.json, with its credHelpers and
// credsStore. A file that was never there means anonymous. The file is read again
// when it has changed (a mounted secret that is rotated); one that is gone, empty or
// no good leaves what it held before in use, and files says so. Helpers are run for
// each lookup, one at a time for an address, for at most 5 s. changes counts how often
// the file was replaced, for [Options.Renewals].
//
// The error is of kind [fault.Usage], for a file that cannot be read now. A
// lookup's errors are of kind [fault.Usage] for the file and [fault.Denied] for
// a helper, which is named; neither shows any content, because both hold
// secrets.
func DockerCredentials(files *rotated.Files) (find CredentialFunc, changes func() uint64, err error) {
	path, err := dockerConfigPath()
	if err != nil {
		return nil, nil, err
	}
	d := &dockerConfig{path: path}
	source := rotated.Source{What: "Docker's config.json", Path: path, MaxBytes: maxDockerConfig, Optional: true}
	if d.file, err = rotated.Follow(files, source, d.parse); err != nil {
		return nil, nil, d.unreadable()
	}
	return d.lookup, d.file.Changes, nil
}

func dockerConfigPath() (string, error) {
	dir := os.Getenv("DOCKER_CONFIG")
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fault.New(fault.Usage, "find Docker's config.json", "", "no home directory is known").
				WithHint("set DOCKER_CONFIG to the directory that holds config.json")
		}
		dir = filepath.Join(home, ".docker")
	}
	return filepath.Join(dir, "config.json"), nil
}

// dockerConfig is the file, read again when it changes.
type dockerConfig struct {
	path    string
	file    *rotated.File[credentials.Store]
	runs    singleflight.Group
	helpers sync.Map // address → name of the helper that was last run for it
}

// parse makes a store of what the file holds. ORAS reads the file itself, so what it
// read has to be the same.
func (d *dockerConfig) parse(content []byte) (credentials.Store, error) {
	store, err := credentials.NewStore(d.path, credentials.StoreOptions{})
	if err != nil {
		return nil, errors.New("it is not in Docker's format")
	}
	if d.file == nil {
		return store, nil // an entry that is no good is told to who wants that one
	}
	if entry := brokenEntry(content); entry != "" {
		return nil, fmt.Errorf("its entry for %s cannot be read", plain(entry))
	}
	if now, err := os.ReadFile(d.path); err != nil || !bytes.Equal(now, content) {
		return nil, errors.New("it changes while it is read")
	}
	return store, nil
}

// brokenEntry gives an address whose entry holds no user and password although it
// should; "" if there is none.
func brokenEntry(content []byte) string {
	var config struct {
		Auths map[string]struct {
			Auth string `json:"auth"`
		} `json:"auths"`
	}
	if json.Unmarshal(content, &config) != nil {
		return "" // nobody reads auths of another shape
	}
	for _, address := range slices.Sorted(maps.Keys(config.Auths)) {
		auth := config.Auths[address].Auth
		login, err := base64.StdEncoding.DecodeString(auth)
		if auth != "" && (err != nil || !bytes.Contains(login, []byte(":"))) {
			return address
		}
	}
	return ""
}

func (d *dockerConfig) unreadable() error {
	return fault.New(fault.Usage, "read Docker's config.json", d.path, "it cannot be read, or is not in Docker's format").
		WithHint("write it with docker login, and let this user read it")
}

// lookup asks the file or its helper. A helper that hangs, or whose children
// hang on to its output, is waited for by one goroutine for each address, and
// by nobody else for longer than helperTimeout.
func (d *dockerConfig) lookup(ctx context.Context, addr string) (Credential, error) {
	d.file.Look() // who asks was refused, or has nothing yet
	store := d.file.Now()
	wait, cancel := context.WithTimeout(ctx, helperTimeout)
	defer cancel()
	result := d.runs.DoChan(addr, func() (any, error) {
		run, cancel := context.WithTimeout(context.WithoutCancel(ctx), helperTimeout)
		defer cancel()
		run = trace.WithExecutableTrace(run, &trace.ExecutableTrace{
			ExecuteStart: func(name, _ string) { d.helpers.Store(addr, name) },
		})
		d.helpers.Delete(addr)
		cred, err := credentials.Credential(store)(run, addr)
		if err != nil {
			return nil, d.failed(addr)
		}
		return Credential{
			Username: cred.Username, Password: cred.Password,
			IdentityToken: cred.RefreshToken, RegistryToken: cred.AccessToken,
		}, nil
	})
	select {
	case r := <-result:
		if r.Err != nil {
			return Credential{}, r.Err
		}
		return r.Val.(Credential), nil
	case <-wait.Done():
		if ctx.Err() != nil {
			return Credential{}, Classify(context.Cause(ctx))
		}
		return Credential{}, d.failed(addr)
	}
}

// failed names the helper, or the file, and drops what they said.
func (d *dockerConfig) failed(addr string) error {
	helper, ok := d.helpers.Load(addr)
	if !ok {
		return fault.New(fault.Usage, "read Docker's config.json", d.path, "its entry for %s cannot be read", plain(addr)).
			WithHint("write it again with docker login %s", plain(addr))
	}
	return fault.New(fault.Denied, "run credential helper", helper.(string), "it failed or gave no answer for %s", plain(addr)).
		WithHint("run %s get with %s as its input, as this user", helper, plain(addr))
}
