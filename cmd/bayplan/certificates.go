package main

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/rotated"
)

// certificates follow the files that TLS needs. Files that cannot be used once
// they change leave those before in use, because a listener with yesterday's
// certificate is better than none.
type certificates struct {
	flags *tlsFlags
	log   *slog.Logger
	every time.Duration
	began time.Time
	inUse atomic.Pointer[certificate]
	looks sync.Mutex // one at a time
	// looked is when the files were last looked at, counted from began.
	looked atomic.Int64
	// authorities counts how often the authority of the clients was replaced.
	authorities atomic.Uint64
}

// certificate is what was made of the files as they were read.
type certificate struct {
	files     tlsFiles
	config    *tls.Config
	complaint string // why newer files are not used; was logged
}

// config makes the listener's TLS configuration; nil without a certificate.
func (f *tlsFlags) config(log *slog.Logger) (*tls.Config, error) {
	if err := f.check(); err != nil || f.cert == "" {
		return nil, err
	}
	files, err := f.read()
	if err != nil {
		return nil, err
	}
	config, err := f.parse(files)
	if err != nil {
		return nil, err
	}
	c := &certificates{flags: f, log: log, every: f.recheck, began: time.Now()}
	if c.every <= 0 {
		c.every = rotated.Every
	}
	c.inUse.Store(&certificate{files: files, config: config})
	f.following = c
	return &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: c.current}, nil
}

// current gives the configuration for a connection. One connection at a time
// looks at the files; the others do not wait for it.
func (c *certificates) current(*tls.ClientHelloInfo) (*tls.Config, error) {
	last, now := c.looked.Load(), int64(time.Since(c.began))
	if now-last >= int64(c.every) && c.looked.CompareAndSwap(last, now) {
		c.look()
	}
	return c.inUse.Load().config, nil
}

// look takes what the files hold now into use, if it can be used.
func (c *certificates) look() {
	c.looks.Lock()
	defer c.looks.Unlock()
	old := c.inUse.Load()
	next := *old
	files, err := c.flags.read()
	changed := err == nil && files != old.files
	if changed {
		next.config, err = c.flags.parse(files)
	}
	switch {
	case err != nil:
		next.config, next.complaint = old.config, err.Error()
		if next.complaint != old.complaint {
			c.log.Warn("the certificates cannot be used as they are now; those before stay in use", "error", err)
		}
	case changed:
		next.files, next.complaint = files, ""
		if files.clientCA != old.files.clientCA {
			defer c.authorities.Add(1) // once connections are judged by the new one
		}
		c.log.Info("new certificates are in use", "expires", next.config.Certificates[0].Leaf.NotAfter)
	default:
		next.complaint = ""
	}
	c.inUse.Store(&next)
}

type authoritiesContextKey struct{}

// admitted is the http.Server's ConnContext: it notes by which authority a client comes
// in.
func (c *certificates) admitted(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(withConnection(ctx, conn), authoritiesContextKey{}, c.authorities.Load())
}

// outdated tells whether a request comes on a connection that was let in before the
// authority of the clients was replaced.
func (c *certificates) outdated(r *http.Request) bool {
	admitted, known := r.Context().Value(authoritiesContextKey{}).(uint64)
	return known && admitted != c.authorities.Load()
}
