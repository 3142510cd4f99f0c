package endpoint

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
	"oras.land/oras-go/v2/registry/remote/credentials"
	"oras.land/oras-go/v2/registry/remote/credentials/trace"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// helperTimeout bounds one run of a credential helper.
const helperTimeout = 5 * time.Second

// DockerCredentials looks credentials up where docker login keeps them: in
// $DOCKER_CONFIG/config.json or ~/.docker/config.json, with its credHelpers and
// credsStore. A file that is not there means anonymous. The file is read again
// when it has changed (a mounted secret that is rotated); helpers are run for
// each lookup, one at a time for an address, for at most 5 s.
//
// The error is of kind [fault.Usage], for a file that cannot be read now. A
// lookup's errors are of kind [fault.Usage] for the file and [fault.Denied] for
// a helper, which is named; neither shows any content, because both hold
// secrets.
func DockerCredentials() (CredentialFunc, error) {
	path, err := dockerConfigPath()
	if err != nil {
		return nil, err
	}
	d := &dockerConfig{path: path}
	if _, err := d.store(); err != nil {
		return nil, err
	}
	return d.lookup, nil
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
	last    atomic.Pointer[dockerState]
	runs    singleflight.Group
	helpers sync.Map // address → name of the helper that was last run for it
}

// dockerState is the file as it was once read; info is nil if it was not there.
type dockerState struct {
	info  os.FileInfo
	store credentials.Store
}

// store gives the content of the file as it is now.
func (d *dockerConfig) store() (credentials.Store, error) {
	info, err := os.Stat(d.path)
	if err != nil && !os.IsNotExist(err) {
		return nil, d.unreadable()
	}
	if last := d.last.Load(); last != nil && sameFile(last.info, info) {
		return last.store, nil
	}
	store, err := credentials.NewStore(d.path, credentials.StoreOptions{})
	if err != nil {
		return nil, d.unreadable()
	}
	d.last.Store(&dockerState{info: info, store: store})
	return store, nil
}

func (d *dockerConfig) unreadable() error {
	return fault.New(fault.Usage, "read Docker's config.json", d.path, "it cannot be read, or is not in Docker's format").
		WithHint("write it with docker login, and let this user read it")
}

func sameFile(a, b os.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// lookup asks the file or its helper. A helper that hangs, or whose children
// hang on to its output, is waited for by one goroutine for each address, and
// by nobody else for longer than helperTimeout.
func (d *dockerConfig) lookup(ctx context.Context, addr string) (Credential, error) {
	store, err := d.store()
	if err != nil {
		return Credential{}, err
	}
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
