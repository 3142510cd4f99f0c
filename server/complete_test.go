package server_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

func TestTheCompleteListHasAllThatAnyoneMaySee(t *testing.T) {
	for _, most := range []int{20_000, 0} {
		t.Run(fmt.Sprint("kept ", most), func(t *testing.T) {
			p := startPlatform(t, setup{}, append(toolImages, "!tool-hidden/app:latest", "tool-zzz/app:latest")...)
			p.server.KeepRecords(most)
			require.Equal(t, sorted(standardNames, toolImages, []string{"tool-zzz/app:latest"}), p.names(t, ""))
			p.harbor.AddProject("tool-untagged", harbortest.Public)
			_, err := p.harbor.Push("tool-untagged/app", "", harbortest.Profile{})
			require.NoError(t, err)
			p.round(t)
			require.Equal(t, sorted(standardNames, toolImages, []string{"tool-zzz/app:latest"}), p.names(t, ""))
		})
	}
}

func TestAPlatformWhoseToolsBuiltNothingYet(t *testing.T) {
	for _, most := range []int{20_000, 0} {
		p := startPlatform(t, setup{})
		p.server.KeepRecords(most)
		require.Equal(t, standardNames, p.names(t, ""))
	}
}

// Whatever changes, the list is the one that a server would give that saw
// nothing before: what is taken over from list to list is right.
func TestTheCompleteListAfterManyChanges(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	p := startPlatform(t, setup{}, toolImages...)
	streaming := listen(t, follower(t, p, 0).Handler())
	for range 25 {
		project := fmt.Sprintf("tool-%c", 'a'+random.IntN(6))
		repository := fmt.Sprintf("%s/app%d", project, random.IntN(2))
		switch random.IntN(6) {
		case 0:
			if random.IntN(2) == 0 && p.harbor.AddProject(project, harbortest.Private) {
				break
			}
			fallthrough
		case 1, 2:
			pushUser(t, p.harbor, fmt.Sprintf("%s:t%d", repository, random.IntN(2)))
		case 3:
			p.harbor.DeleteRepository(repository)
		case 4:
			_ = p.harbor.SetVisibility(project, harbortest.Private) // or there is no such project
		case 5:
			_ = p.harbor.SetVisibility(project, harbortest.Public)
		}
		p.round(t)
		fresh := listen(t, follower(t, p, 20_000).Handler()).get(t, "/v1/images")
		kept := p.get(t, "/v1/images")
		require.Equal(t, string(fresh.body), string(kept.body))
		require.Equal(t, fresh.header.Get("ETag"), kept.header.Get("ETag"))
		require.True(t, slices.IsSorted(namesOf(kept)))
		streamed := streaming.get(t, "/v1/images")
		require.Equal(t, string(kept.body), string(streamed.body))
		require.Equal(t, listen(t, follower(t, p, 0).Handler()).get(t, "/v1/images").header.Get("ETag"), streamed.header.Get("ETag"))
	}
}

// follower makes another server of the same resolver.
func follower(t testing.TB, p *platform, most int) *server.Server {
	t.Helper()
	s, err := server.New(p.resolver, server.Options{})
	require.NoError(t, err)
	s.KeepRecords(most)
	return s
}

func TestTheCompleteListKeepsItsTagWhileNothingChanges(t *testing.T) {
	for _, most := range []int{20_000, 0} {
		t.Run(fmt.Sprint("kept ", most), func(t *testing.T) {
			p := startPlatform(t, setup{}, toolImages...)
			p.server.KeepRecords(most)
			tags := map[string]string{}
			for _, coding := range []string{"identity", "gzip", "zstd"} {
				tags[coding] = p.get(t, "/v1/images", "Accept-Encoding", coding).header.Get("ETag")
			}
			require.Len(t, invert(tags), 3)
			same := func() {
				t.Helper()
				for coding, tag := range tags {
					require.Equal(t, http.StatusNotModified, p.get(t, "/v1/images", "Accept-Encoding", coding, "If-None-Match", tag).status)
				}
			}
			p.round(t)
			same()
			require.NoError(t, p.harbor.Pull("tool-c/web", "latest", 1))
			p.harbor.FlushPulls()
			p.round(t)
			same()
			pushUser(t, p.harbor, "!tool-hidden/app:v1")
			p.round(t)
			same()
			pushUser(t, p.harbor, "tool-c/web:v3")
			p.round(t)
			for coding, tag := range tags {
				require.Equal(t, http.StatusOK, p.get(t, "/v1/images", "Accept-Encoding", coding, "If-None-Match", tag).status)
			}
		})
	}
}

func invert(m map[string]string) map[string]string {
	out := map[string]string{}
	for k, v := range m {
		out[v] = k
	}
	return out
}

// However many ask at once, a list is made once, and the next one is made of
// what did not change.
func TestTheCompleteListIsMadeOnceForAChange(t *testing.T) {
	p := startPlatform(t, setup{}, toolImages...)
	var readers sync.WaitGroup
	bodies := make([]answer, 16)
	for i := range bodies {
		readers.Go(func() { bodies[i] = p.get(t, "/v1/images", "Accept-Encoding", "gzip") })
	}
	readers.Wait()
	for _, a := range bodies {
		require.Equal(t, bodies[0].body, a.body)
	}
	list, again := p.server.List(), p.server.List()
	require.Same(t, list, again)
	pushUser(t, p.harbor, "!tool-hidden/app:v1")
	p.round(t)
	require.Same(t, list, p.server.List(), "no byte changed")
	pushUser(t, p.harbor, "tool-c/web:v3")
	p.round(t)
	require.NotSame(t, list, p.server.List())
}

// A source that does not answer makes every record of its images stale, and no
// other.
func TestStaleUserImages(t *testing.T) {
	for _, most := range []int{20_000, 0} {
		t.Run(fmt.Sprint("kept ", most), func(t *testing.T) {
			p := startPlatform(t, setup{}, toolImages...)
			p.server.KeepRecords(most)
			good, own := p.get(t, "/v1/images"), p.toolList(t, "c", "")
			heal := p.harbor.Fault(harbortest.Any, harbortest.Status(http.StatusInternalServerError))
			p.round(t)

			lists := map[string]answer{
				"public": p.get(t, "/v1/images"), "tool": p.toolList(t, "c", ""), "filtered": p.get(t, "/v1/images?exists=true"),
			}
			for name, a := range lists {
				list := into[api.ImagesAnswer](a, http.StatusOK)
				require.Equal(t, []string{harborHost + " cannot be asked now: images that tools built are as it last answered"}, list.Messages.Warning, name)
				for _, image := range list.Images {
					require.Equal(t, image.Type == string(snapshot.Buildservice), image.Stale, "%s: %s", name, image.ShortName)
				}
			}
			require.Equal(t, namesOf(good), namesOf(lists["public"]), "nothing is lost")
			require.NotEqual(t, good.header.Get("ETag"), lists["public"].header.Get("ETag"))
			one := into[api.ImageAnswer](p.get(t, "/v1/images/tool-c/web:v2"), http.StatusOK)
			require.True(t, one.Image.Stale)
			require.Len(t, one.Messages.Warning, 1)
			standard := into[api.ImageAnswer](p.get(t, "/v1/images/bookworm"), http.StatusOK)
			require.False(t, standard.Image.Stale)
			require.Empty(t, standard.Messages.Warning)
			unknown := into[api.Error](p.get(t, "/v1/images/tool-c/web:v99"), http.StatusNotFound)
			require.Len(t, unknown.Warning, 1, "perhaps it is there by now")

			heal()
			p.round(t)
			require.Equal(t, good.header.Get("ETag"), p.get(t, "/v1/images").header.Get("ETag"), "as if nothing had been")
			require.Equal(t, own.header.Get("ETag"), p.toolList(t, "c", "").header.Get("ETag"))
		})
	}
}

// Before the first sweep has ended, lists say that they are not whole.
func TestBeforeTheFirstSweep(t *testing.T) {
	h, users := startHarbor(t, harbortest.StartOptions{})
	pushUser(t, h, "tool-c/web:latest")
	h.Fault(harbortest.Any, harbortest.Status(http.StatusInternalServerError))
	p := &platform{service: start(t, setup{values: toolSample, users: users}), harbor: h}
	for _, a := range []answer{p.get(t, "/v1/images"), p.toolList(t, "c", "")} {
		list := into[api.ImagesAnswer](a, http.StatusOK)
		require.Equal(t, standardNames, namesOf(a))
		require.Equal(t, []string{harborHost + " cannot be asked now: images that tools built are not known"}, list.Messages.Warning)
	}
	h.ClearFaults()
	p.round(t)
	require.Equal(t, sorted(standardNames, []string{"tool-c/web:latest"}), p.names(t, ""))
	require.Empty(t, into[api.ImagesAnswer](p.get(t, "/v1/images"), http.StatusOK).Messages)
}
