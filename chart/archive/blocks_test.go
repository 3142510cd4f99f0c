package archive_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/archive"
)

// stream is deflate in the making, bit by bit.
type stream struct {
	out  []byte
	hold uint64
	held uint
}

// bits writes numbers as deflate does, the lowest bit first.
func (s *stream) bits(value, n int) {
	s.hold |= uint64(value) << s.held
	for s.held += uint(n); s.held >= 8; s.held -= 8 {
		s.out = append(s.out, byte(s.hold))
		s.hold >>= 8
	}
}

// stored writes a block that holds bytes as they are.
func (s *stream) stored(data []byte) {
	s.bits(0, 3)
	if s.held > 0 {
		s.bits(0, 8-int(s.held))
	}
	s.out = append(s.out, byte(len(data)), byte(len(data)>>8), ^byte(len(data)), ^byte(len(data)>>8))
	s.out = append(s.out, data...)
}

// learned writes a block with codes of its own: for the end, for a repetition of
// 13 or 14 bytes, and for one distance. It has so many repetitions.
func (s *stream) learned(repetitions int) {
	s.bits(0, 1)
	s.bits(2, 2)
	s.bits(267-257, 5)
	s.bits(0, 5)
	s.bits(14, 4)
	for i := range 18 { // in the order 16 17 18 0 8 7 9 6 10 5 11 4 12 3 13 2 14 1
		s.bits(map[int]int{1: 2, 2: 1, 17: 2}[i], 3)
	}
	zeros := func(n int) {
		if n > 10 {
			s.bits(0, 1) // 18
			s.bits(n-11, 7)
			return
		}
		s.bits(0b11, 2) // 17
		s.bits(n-3, 3)
	}
	one := func() { s.bits(0b01, 2) }
	zeros(138)
	zeros(118)
	one() // the end
	zeros(9)
	one() // the repetition
	one() // the distance
	for range repetitions {
		s.bits(1, 1) // repeat
		s.bits(1, 1) // 14 bytes
		s.bits(0, 1) // from the byte before
	}
	s.bits(0, 1) // the end
}

// fixed writes a block with the codes that everybody knows, which holds some
// letters.
func (s *stream) fixed(letters int) {
	s.bits(0, 1)
	s.bits(1, 2)
	for range letters {
		s.bits(0b00001100, 8) // a zero, written backwards
	}
	s.bits(0, 7)
}

// justPaced are streams that keep the pace which is asked of a stream, by ever
// more blocks; they begin as an archive does, with a file that is large enough.
func justPaced(t testing.TB) []hostileCase { return justPacedOf(t, archive.MaxCompressed-2000) }

func justPacedOf(t testing.TB, size int) (cases []hostileCase) {
	head := tarred(t, file("c/large", string(make([]byte, 7<<20))))[:512]
	for name, block := range map[string]func(*stream){
		"14 bytes by codes of their own":        func(s *stream) { s.learned(1) },
		"some 100 bytes by codes of their own":  func(s *stream) { s.learned(8) },
		"some 1000 bytes by codes of their own": func(s *stream) { s.learned(70) },
		"one letter by the usual codes":         func(s *stream) { s.fixed(1) },
		"16 letters by the usual codes":         func(s *stream) { s.fixed(16) },
		"one byte as it is":                     func(s *stream) { s.stored(make([]byte, 1)) },
		"100 bytes as they are":                 func(s *stream) { s.stored(make([]byte, 100)) },
	} {
		s := &stream{}
		s.stored(head)
		for len(s.out) < size {
			block(s)
		}
		s.bits(0, 7) // whatever comes next is cut off
		cases = append(cases, hostileCase{fmt.Sprintf("blocks for ever, each of %s", name), wrapped(s.out), "more than 1000 blocks", true})
	}
	// The most that goes within the number of blocks.
	s := &stream{}
	s.stored(head)
	for len(s.out) < size {
		s.learned(2000)
	}
	return append(cases, hostileCase{"repetitions for ever", wrapped(s.out), "", false})
}

// Whatever Go's own decoder takes passes the count of blocks too, unless they are
// too many; and what usual compressors write is far from that.
func TestUsualCompressorsWriteFewBlocks(t *testing.T) {
	for level := gzip.HuffmanOnly; level <= gzip.BestCompression; level++ {
		for _, size := range []int{0, 100, 100_000, 800_000} {
			var out bytes.Buffer
			zip, err := gzip.NewWriterLevel(&out, level)
			require.NoError(t, err)
			_, err = zip.Write(tarred(t, file("c/Chart.yaml", "name: c\n"), file("c/values.yaml", string(noise(size)))))
			require.NoError(t, err)
			require.NoError(t, zip.Close())
			if out.Len() > archive.MaxCompressed {
				continue
			}
			_, err = archive.Read(out.Bytes())
			require.NoError(t, err, "level %d, %d bytes", level, size)
		}
	}
}

// FuzzBlocks holds that the count of blocks never sees a stream as damaged, and so
// stops to count, before a decoder does.
func FuzzBlocks(f *testing.F) {
	for _, c := range justPacedOf(f, 2000) {
		f.Add(c.data[10:])
	}
	for level := flate.HuffmanOnly; level <= flate.BestCompression; level++ {
		var out bytes.Buffer
		w, err := flate.NewWriter(&out, level)
		require.NoError(f, err)
		_, err = w.Write(noise(2000))
		require.NoError(f, err)
		require.NoError(f, w.Close())
		f.Add(out.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		inflated, err := io.Copy(io.Discard, io.LimitReader(flate.NewReader(bytes.NewReader(data)), archive.MaxInflated+1))
		scanned, whole := archive.ScanBlocks(data)
		if err == nil && inflated <= archive.MaxInflated {
			require.True(t, whole)
			require.EqualValues(t, inflated, scanned)
		}
		require.GreaterOrEqual(t, int64(scanned), inflated, "it saw less than a decoder")
	})
}
