//go:build unix

package inventory_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
)

// sweepRounds is how often each of the two is measured; what is told are medians.
const sweepRounds = 11

// BenchmarkColdSweep reads 3,500 projects with 7,000 repositories from nothing,
// over TLS, 64 at a time, from a Harbor in a process of its own that takes 5 ms
// for an answer. "ratio" is the time it takes to that which latency and
// concurrency allow for so many requests, and "of-naive" to that which they
// allow for the 10,500 requests of asking one by one. "bare" is the ratio of a
// plain net/http client with as many connections that asks the same and looks at
// nothing: the floor of this machine. The others are the CPU time of a question:
// ours, the bare client's, and Harbor's while we asked.
func BenchmarkColdSweep(b *testing.B) {
	p := startHarbor(b)
	questions := p.rehearse(b)
	for range b.N {
		var ours, bare []run
		for range sweepRounds {
			ours = append(ours, p.measure(b, p.sweep(b)))
			bare = append(bare, p.measure(b, p.bare(b, questions)))
		}
		n := ours[0].harbor.Requests
		limit := func(requests int64) float64 { return float64(time.Duration(requests) * latency / concurrency) }
		took := func(r run) time.Duration { return r.took }
		cpu := func(r run) time.Duration { return r.cpu }
		b.ReportMetric(float64(n), "requests")
		b.ReportMetric(float64(ours[0].harbor.Widest), "wide")
		b.ReportMetric(float64(median(ours, took))/limit(n), "ratio")
		b.ReportMetric(float64(slices.MinFunc(ours, faster).took)/limit(n), "ratio-best")
		b.ReportMetric(float64(median(ours, took))/limit(3500+7000), "of-naive")
		b.ReportMetric(float64(median(bare, took))/limit(bare[0].harbor.Requests), "bare")
		b.ReportMetric(float64(slices.MinFunc(bare, faster).took)/limit(bare[0].harbor.Requests), "bare-best")
		b.ReportMetric(float64(median(ours, cpu).Microseconds())/float64(n), "us-CPU/question")
		b.ReportMetric(float64(median(bare, cpu).Microseconds())/float64(n), "us-CPU/bare")
		b.ReportMetric(float64(median(ours, func(r run) time.Duration { return r.harbor.CPU }).Microseconds())/float64(n), "us-CPU/harbor")
	}
}

// rehearse asks everything once, so that the program has all answers ready, and
// gives what was asked.
func (p *harborProgram) rehearse(b *testing.B) (questions []string) {
	p.sweep(b)()
	resp, err := http.Get(p.Control + "/questions")
	require.NoError(b, err)
	defer resp.Body.Close()
	require.NoError(b, json.NewDecoder(resp.Body).Decode(&questions))
	return questions
}

// run is one reading of everything.
type run struct {
	took, cpu time.Duration // of this process
	harbor    harborCount
}

func faster(a, b run) int { return int(a.took - b.took) }

func median(runs []run, of func(run) time.Duration) time.Duration {
	all := make([]time.Duration, len(runs))
	for n, r := range runs {
		all[n] = of(r)
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// measure runs something that was made ready.
func (p *harborProgram) measure(b *testing.B, ask func()) run {
	runtime.GC()
	p.count(b)
	began, cpu := time.Now(), cpuTime()
	ask()
	r := run{took: time.Since(began), cpu: cpuTime() - cpu}
	r.harbor = p.count(b)
	return r
}

// authority is the file with the program's authority.
func (p *harborProgram) authority(b *testing.B) string {
	path := filepath.Join(b.TempDir(), "ca.pem")
	require.NoError(b, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.CA}), 0o600))
	return path
}

// client makes a client without connections.
func (p *harborProgram) client(b *testing.B) *harbor.Client {
	d, err := endpoint.New(map[string]endpoint.Config{
		host: {URL: p.URL, Kind: endpoint.Harbor, CAFile: p.authority(b), Concurrency: concurrency},
	}, endpoint.Options{
		Credentials: func(context.Context, string) (endpoint.Credential, error) {
			return endpoint.Credential{Username: p.User, Password: secret}, nil
		},
	})
	require.NoError(b, err)
	b.Cleanup(d.CloseIdle)
	return harbor.New(d.For(host), clientOf(concurrency))
}

// sweep makes ready an inventory that knows nothing and has no connection.
func (p *harborProgram) sweep(b *testing.B) (ask func()) {
	i := inventory.New(host, p.client(b), inventory.Options{Concurrency: concurrency})
	return func() {
		require.NoError(b, i.Round(b.Context()))
		require.Equal(b, 7000, i.State().View.Images)
	}
}

// bare makes ready a plain client that asks questions again.
func (p *harborProgram) bare(b *testing.B, questions []string) (ask func()) {
	ca, err := x509.ParseCertificate(p.CA)
	require.NoError(b, err)
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	client := &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost: concurrency, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
	}}
	b.Cleanup(client.CloseIdleConnections)
	return func() {
		var group errgroup.Group
		group.SetLimit(concurrency)
		for _, question := range questions {
			group.Go(func() error {
				req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, p.URL+question, nil)
				if err != nil {
					return err
				}
				req.SetBasicAuth(p.User, secret)
				resp, err := client.Do(req)
				if err != nil {
					return err
				}
				defer resp.Body.Close()
				_, err = io.Copy(io.Discard, resp.Body)
				return err
			})
		}
		require.NoError(b, group.Wait())
	}
}
