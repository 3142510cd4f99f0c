package server

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// A coder that was used before makes the same bytes as a new one: entity tags of
// codings depend on it, on this replica and on others.
func TestCodersThatAreUsedAgain(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var texts [][]byte
	for n := range 24 {
		var b strings.Builder
		for size := 1 << (8 + n%11); b.Len() < size; {
			fmt.Fprintf(&b, `{"short_name":"image%d","digest":"sha256:%016x","state":"stable"},`, random.IntN(1+n), random.Uint64())
		}
		texts = append(texts, []byte(b.String()))
	}
	anew := func(c coding, text []byte, e effort) []byte {
		var out bytes.Buffer
		w := e.writer(c, &out, len(text))
		_, err := w.Write(text)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		return out.Bytes()
	}
	for name, e := range map[string]effort{"thorough": thorough, "brisk": brisk, "hasty": hasty} {
		for _, c := range []coding{gzipped, zstandard} {
			t.Run(name+" "+codingNames[c], func(t *testing.T) {
				want := make([][]byte, len(texts))
				for n, text := range texts {
					want[n] = anew(c, text, e)
				}
				var all sync.WaitGroup
				for range 3 {
					order := random.Perm(2 * len(texts))
					all.Go(func() {
						for _, n := range order {
							n %= len(texts)
							if !bytes.Equal(want[n], compress(c, texts[n], e)) {
								t.Errorf("text %d is coded otherwise by a coder that was used before", n)
							}
						}
					})
				}
				all.Wait()
			})
		}
	}
}
