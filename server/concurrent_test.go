package server_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// generations is how many snapshots readers see pass by.
const generations = 20

// Each body that a reader gets is one that was published, whole, under its own
// tag, and a reader never goes back in time.
func TestReadersNeverSeeAMixtureNorGoBack(t *testing.T) {
	s := start(t, setup{values: generation(0)})
	published := map[string]bool{s.get(t, "/v1/images").header.Get("ETag"): true}

	var readers sync.WaitGroup
	done := make(chan struct{})
	for i := range 4 {
		readers.Go(func() { s.read(t, []string{"identity", "gzip", "zstd", "identity"}[i], done) })
	}
	for n := 1; n <= generations; n++ {
		s.write(t, "values.yaml", generation(n))
		s.refresh(t)
		published[s.get(t, "/v1/images").header.Get("ETag")] = true
	}
	close(done)
	readers.Wait()
	require.Len(t, published, generations+1)
}

// generation is a catalog all of whose images say the same number.
func generation(n int) string {
	var b strings.Builder
	b.WriteString("formatVersion: \"1.0\"\nimages:\n")
	for i := range 20 {
		fmt.Fprintf(&b, "  image%02d: {state: stable, image: \"one.test/image%d:v%05d\", description: generation %05d}\n", i, i, n, n)
	}
	return b.String()
}

// read asks for the list and for single images until done is closed.
func (s *service) read(t *testing.T, coding string, done <-chan struct{}) {
	client := bareClient(t)
	tags := map[string][sha256.Size]byte{}
	last := ""
	for {
		request, err := http.NewRequest(http.MethodGet, s.url+"/v1/images", nil)
		if err != nil {
			t.Error(err)
			return
		}
		request.Header.Set("Accept-Encoding", coding)
		a := (&endpoint{url: s.url, client: client}).send(t, request)
		sum, tag := sha256.Sum256(a.body), a.header.Get("ETag")
		if before, seen := tags[tag]; seen && before != sum {
			t.Errorf("tag %s stands for two bodies", tag)
		}
		tags[tag] = sum
		var list api.ImagesAnswer
		if err := json.Unmarshal(unpack(t, coding, a.body), &list); err != nil || len(list.Images) != 20 {
			t.Errorf("%d images: %v", len(list.Images), err)
			return
		}
		now := list.Images[0].Description
		for _, image := range list.Images {
			if image.Description != now || !strings.HasSuffix(now, image.Tag[1:]) {
				t.Errorf("%s is of %s, %s of %s", list.Images[0].ShortName, now, image.ShortName, image.Description)
				return
			}
		}
		if now < last {
			t.Errorf("%s after %s", now, last)
		}
		last = now
		select {
		case <-done:
			return
		default:
		}
	}
}
