package archive_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// entry is one entry of an archive that a test makes.
type entry struct {
	tar.Header
	content string
}

func file(name, content string) entry {
	return entry{tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644}, content}
}

func special(kind byte, name, link string) entry {
	return entry{tar.Header{Typeflag: kind, Name: name, Linkname: link, Mode: 0o777}, ""}
}

// plain is a chart as it should be.
func plain() []entry {
	return []entry{file("c/Chart.yaml", "name: c\n"), file("c/values.yaml", "a: 1\n"), file("c/templates/x.yaml", "")}
}

// tarred makes the tar alone, its end included.
func tarred(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		header := e.Header
		header.Size = int64(len(e.content))
		require.NoError(t, w.WriteHeader(&header), e.Name)
		_, err := w.Write([]byte(e.content))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

func tgz(t testing.TB, entries ...entry) []byte { return gzipped(t, tarred(t, entries...)) }

// seal sets a header's checksum right after a change behind the writer's back
// (POSIX pax, "ustar Interchange Format": the sum of the header's bytes, its own
// field taken as spaces).
func seal(header []byte) {
	field := header[148:156]
	copy(field, "        ")
	sum := 0
	for _, b := range header[:512] {
		sum += int(b)
	}
	copy(field, fmt.Sprintf("%06o\x00 ", sum))
}

// patched makes an archive whose first header is changed.
func patched(t testing.TB, change func(header []byte), entries ...entry) []byte {
	t.Helper()
	data := tarred(t, entries...)
	change(data[:512])
	seal(data)
	return gzipped(t, data)
}

// record is one PAX record, which begins with its own length.
func record(key, value string) string {
	rest := " " + key + "=" + value + "\n"
	n := len(rest)
	for len(rest)+len(strconv.Itoa(n)) != n {
		n = len(rest) + len(strconv.Itoa(n))
	}
	return strconv.Itoa(n) + rest
}

// pax makes an archive of one file with PAX records of any kind.
func pax(t testing.TB, records, name, content string) []byte {
	t.Helper()
	asHeader := func(header []byte) { header[156] = tar.TypeXHeader }
	return patched(t, asHeader, file("PaxHeaders/x", records), file(name, content))
}

// sparse is less than a kilobyte that declares a file of a terabyte: one hole,
// written as GNU tar's PAX format 1.0 does (a map before the content).
func sparse(t testing.TB, name string) []byte {
	t.Helper()
	const size = "1099511627776"
	holes := "1\n" + size + "\n0\n"
	return pax(t, record("GNU.sparse.major", "1")+record("GNU.sparse.minor", "0")+
		record("GNU.sparse.name", name)+record("GNU.sparse.realsize", size),
		"GNUSparseFile/x", holes+string(make([]byte, 512-len(holes))))
}
