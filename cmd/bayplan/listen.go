package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
)

// listening is a server with the socket that it will accept from.
type listening struct {
	server  *http.Server
	leaving *leaving     // its handler
	crowd   *connections // its connections
	socket  net.Listener
	routes  string // for the log
	secure  bool
}

func (l *listening) address() string {
	if l.secure {
		return "https://" + l.socket.Addr().String()
	}
	return "http://" + l.socket.Addr().String()
}

// local tells whether only this machine can reach it.
func (l *listening) local() bool {
	address, ok := l.socket.Addr().(*net.TCPAddr)
	return ok && address.IP.IsLoopback()
}

func (l *listening) serve() error {
	if err := l.server.Serve(l.socket); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// listeners opens the sockets that the flags name, all or none.
func (o *serveOptions) listeners(ctx context.Context, handlers *server.Server, log *slog.Logger) ([]*listening, error) {
	secure, err := o.tls.config(log)
	if err != nil {
		return nil, err
	}
	main, err := listen(ctx, "--listen", o.listen, handlers.Handler(), log)
	if o.anyPort && errors.Is(err, syscall.EADDRINUSE) {
		main, err = listen(ctx, "--listen", "127.0.0.1:0", handlers.Handler(), log)
	}
	if err != nil {
		return nil, err
	}
	main.routes, main.crowd.most = "all", withinFiles(cmp.Or(o.connections, manyConnections), log)
	// The listener is closed by then: readers of events go on elsewhere.
	main.server.RegisterOnShutdown(handlers.EndEvents)
	if secure != nil {
		main.socket, main.secure = tls.NewListener(main.socket, secure), true
		main.server.ConnContext, main.leaving.outdated = o.tls.following.admitted, o.tls.following.outdated
	}
	if o.operations == "" {
		return []*listening{main}, nil
	}
	second, err := listen(ctx, "--operations-listen", o.operations, handlers.Operations(), log)
	if err != nil {
		_ = main.socket.Close() // nobody has connected
		return nil, err
	}
	second.routes = "operations"
	return []*listening{main, second}, nil
}

// withinFiles bounds the connections of clients by half of the files that the
// process may open: registries are asked and the state is written with the rest.
// Without room for a connection nothing tells which silent one should make some.
func withinFiles(most int, log *slog.Logger) int {
	files := openFiles()
	if most <= files/2 {
		return most
	}
	log.Warn("fewer connections are let in than --max-connections says: half of the files that may be open (ulimit -n)", "connections", files/2, "files", files)
	return files / 2
}

// unbelieved says what becomes of tools' routes on a listener where nobody proves
// who asks; nil where somebody does.
func (o *serveOptions) unbelieved(l *listening) error {
	if o.tls.clientCA != "" || l.local() {
		return nil
	}
	return fault.New(fault.Usage, "", l.address(), "/v1/tool/… is answered 401 here, because nobody proves who asks").
		WithHint("add --tls-cert, --tls-key and --client-ca, or listen on loopback, behind a proxy that proves it")
}

// maxStreams is how many requests of one HTTP/2 connection are answered at a time.
// A gateway that has more opens another.
const maxStreams = 100

func listen(ctx context.Context, flag, address string, handler http.Handler, log *slog.Logger) (*listening, error) {
	socket, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, notListening(flag, address, err)
	}
	last, crowd := &leaving{next: handler}, newConnections(min(fewConnections, openFiles()/8), log)
	return &listening{socket: crowd.guard(socket), leaving: last, crowd: crowd, server: &http.Server{
		Handler:   last,
		ConnState: crowd.note, ConnContext: withConnection,
		// A client that does not send its request or read its answer is cut off.
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: maxStreams,
			// A peer that is gone without a word is found out.
			SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second,
			WriteByteTimeout: 60 * time.Second,
		},
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}}, nil
}

func notListening(flag, address string, err error) error {
	text, hint := err.Error(), "choose another address with "+flag+", for example 127.0.0.1:0 for any free port"
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		text = "somebody else listens there"
	case errors.Is(err, syscall.EACCES):
		text = "this user may not listen there"
	default:
		if e, ok := errors.AsType[*net.OpError](err); ok {
			text = e.Err.Error()
		}
		hint = "an address is HOST:PORT, for example 127.0.0.1:8080, or :8080 for all interfaces"
	}
	e := &fault.Error{Kind: fault.Usage, Op: "listen", Side: address, Err: because{words: text, err: err}}
	return e.WithHint("%s", hint)
}

// because shows words in place of an error, and keeps it for errors.Is.
type because struct {
	words string
	err   error
}

func (b because) Error() string { return b.words }
func (b because) Unwrap() error { return b.err }
