//go:build unix

package inventory_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// programName is the environment variable that turns the test's binary into the
// Harbor of a benchmark, in a process of its own.
const programName = "BAYPLAN_BENCHMARK_HARBOR"

func TestMain(m *testing.M) {
	if os.Getenv(programName) != "" {
		if err := runHarbor(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		return
	}
	os.Exit(m.Run())
}

// harborProgram is a Harbor of Toolforge's size in another process: over TLS,
// each answer 5 ms away.
type harborProgram struct {
	URL, Control string
	User         string
	CA           []byte // DER
}

// harborCount is what the process counted since it was last asked.
type harborCount struct {
	Requests, Widest int64
	CPU              time.Duration
}

// startHarbor runs the test's own binary as a Harbor until the test ends.
func startHarbor(t testing.TB) *harborProgram {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), programName+"=1")
	command.Stderr = os.Stderr
	stdin, err := command.StdinPipe()
	require.NoError(t, err)
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = stdin.Close()  // it ends when nobody is there any more
		_ = command.Wait() // or was killed with the test's context
	})
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	require.NoError(t, err)
	p := &harborProgram{}
	require.NoError(t, json.Unmarshal(line, p))
	return p
}

// count gives what the process counted, and begins anew.
func (p *harborProgram) count(t testing.TB) (c harborCount) {
	t.Helper()
	resp, err := http.Get(p.Control + "/count")
	require.NoError(t, err)
	defer resp.Body.Close()
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&c))
	return c
}

// cpuTime is what this process used up to now, in user and kernel mode.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// runHarbor serves until its standard input ends.
func runHarbor() error {
	debug.SetGCPercent(400) // its memory is nobody's concern here
	h := harbortest.New(harbortest.Options{PullFlush: -1})
	defer h.Close()
	p := harborProgram{User: h.AddRobot("catalog", secret, harbortest.ReaderPermissions()...)}
	h.Seed(harbortest.Seed{Prefix: "tool-t", Projects: 3500, Repositories: 2, Profile: harbortest.Profile{RowBytes: 5000}})
	t := &tape{harbor: h, delay: newDelay(latency), kept: map[string][]byte{}}

	certificate, err := selfSigned()
	if err != nil {
		return err
	}
	p.CA = certificate.Certificate[0]
	listener, err := loopback()
	if err != nil {
		return err
	}
	control, err := loopback()
	if err != nil {
		return err
	}
	p.URL, p.Control = "https://"+listener.Addr().String(), "http://"+control.Addr().String()
	config := &tls.Config{
		Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12,
		DynamicRecordSizingDisabled: true, // as Harbor's nginx, which sends 16 KB at once
	}
	go func() { _ = t.serve(tls.NewListener(listener, config)) }()
	go func() { _ = http.Serve(control, t.control()) }()
	if err := json.NewEncoder(os.Stdout).Encode(p); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

func loopback() (net.Listener, error) {
	return new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
}

// control tells the benchmark what was counted since it last asked, and what was
// ever asked.
func (t *tape) control() http.Handler {
	before := cpuTime()
	mux := http.NewServeMux()
	mux.HandleFunc("/count", func(w http.ResponseWriter, _ *http.Request) {
		now := cpuTime()
		_ = json.NewEncoder(w).Encode(harborCount{Requests: t.asked.Swap(0), Widest: t.widest.Swap(0), CPU: now - before})
		before = now
	})
	mux.HandleFunc("/questions", func(w http.ResponseWriter, _ *http.Request) {
		t.mu.RLock()
		defer t.mu.RUnlock()
		var questions []string
		for line := range t.kept {
			questions = append(questions, strings.Fields(line)[1])
		}
		_ = json.NewEncoder(w).Encode(questions)
	})
	return mux
}

// selfSigned makes a certificate for loopback that is its own authority.
func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
