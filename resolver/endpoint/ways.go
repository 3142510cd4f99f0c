package endpoint

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// ways is the pool of connections of one host, which is another one once the
// authorities of its certificates are others: nobody is believed any more on a
// connection, or a session, that an authority of before vouched for.
type ways struct {
	route   route
	timeout time.Duration
	made    atomic.Pointer[http.Transport]
	making  sync.Mutex
}

func newWays(r route, timeout time.Duration) *ways {
	w := &ways{route: r, timeout: timeout}
	w.made.Store(w.make())
	return w
}

func (w *ways) make() *http.Transport {
	if w.route.authorities == nil {
		return newPool(w.route, w.timeout, nil)
	}
	return newPool(w.route, w.timeout, w.route.authorities.Now())
}

// now gives the pool for a request. Requests under way end on the one where they began.
func (w *ways) now() *http.Transport {
	if w.fits() {
		return w.made.Load()
	}
	w.making.Lock()
	defer w.making.Unlock()
	if w.fits() {
		return w.made.Load()
	}
	before := w.made.Swap(w.make())
	before.CloseIdleConnections()
	return w.made.Load()
}

// fits tells whether the pool was made for the authorities of now.
func (w *ways) fits() bool {
	return w.route.authorities == nil || w.made.Load().TLSClientConfig.RootCAs == w.route.authorities.Now()
}

func (w *ways) closeIdle() { w.made.Load().CloseIdleConnections() }
