package archive_test

import (
	"archive/tar"
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/archive"
)

// families are hostile archives by the dozen, each family one idea carried
// through all the places where it could be tried.
func families(t testing.TB) map[string][]hostileCase {
	return map[string][]hostileCase{
		"types": odd(t), "names": misnamed(t), "fields": forged(t), "records": recorded(t),
		"cut off": truncated(t), "gzip": compressed(t), "nested": nested(t), "twice": doubled(t), "bombs": bombs(t), "large": swollen(t), "paced": justPaced(t),
	}
}

// At least 250 kinds, each refused, each within the bound of memory.
func TestReadRefusesFamiliesOfHostileArchives(t *testing.T) {
	total, most := len(hostile(t)), uint64(0)
	for family, cases := range families(t) {
		total += len(cases)
		t.Run(family, func(t *testing.T) {
			for _, c := range cases {
				var chart *archive.Chart
				var err error
				taken := allocated(func() { chart, err = archive.Read(c.data) })
				require.Error(t, err, c.name)
				require.ErrorContains(t, err, c.words, c.name)
				require.Nil(t, chart, c.name)
				require.Less(t, len(err.Error()), 1000, c.name)
				require.Less(t, taken, uint64(mostMemory), c.name)
				most = max(most, taken)
			}
		})
	}
	require.GreaterOrEqual(t, total, 250)
	t.Logf("%d archives, %.1f MiB of heap for the worst", total, float64(most)/(1<<20))
}

// odd are entries of every type but those of files and folders.
func odd(t testing.TB) (cases []hostileCase) {
	for _, kind := range []byte("12346789ASVMDNIXBZz\x01\x7f\xff") {
		for place, entries := range map[string][]entry{
			"first": {file("c/odd", ""), file("c/Chart.yaml", "name: c\n")},
			"alone": {file("c/odd", "")},
		} {
			cases = append(cases, hostileCase{fmt.Sprintf("an entry of type %q, %s", kind, place),
				patched(t, func(h []byte) { h[156] = kind }, entries...), "", false})
		}
	}
	for _, mode := range []string{"0120777", "0040755", "0060644", "0020644", "0010644", "0140644"} {
		cases = append(cases, hostileCase{"a file with the mode " + mode,
			patched(t, func(h []byte) { copy(h[100:108], mode+"\x00") }, plain()...), "neither a file nor a folder", false})
	}
	for _, target := range []string{"/etc/passwd", "../../x", "c/Chart.yaml", "", "c/link", "/proc/self/environ", `\\host\share`} {
		for name, kind := range map[string]byte{"symbolic": tar.TypeSymlink, "hard": tar.TypeLink} {
			link := entry{tar.Header{Typeflag: kind, Name: "c/link", Linkname: target, Mode: 0o777}, ""}
			cases = append(cases,
				hostileCase{fmt.Sprintf("a %s link to %q", name, target), tgz(t, append(plain(), link)...), "neither a file nor a folder", false},
				hostileCase{fmt.Sprintf("a %s link to %q and a file through it", name, target), tgz(t, link, file("c/link/x", "")), "neither a file nor a folder", false})
		}
	}
	return cases
}

// badNames are names that no entry may have.
var badNames = []string{
	"..", "../x", "../../etc/cron.d/x", "c/..", "c/../x", "c/../../x", "c/x/../../../y", "/", "/c/x", "//c/x", "c//x", "./c/x", "c/./x", "c/.",
	`c\x`, `..\x`, `c/..\..\x`, `C:\x`, `\\host\share\x`, "c/a\nb", "c/a\rb", "c/\x1b[2J", "c/\x7f", "c/\u0085", "c/\xff\xfe", "c/\xc0\xae\xc0\xae/x",
	"c/a\tb", ".", "c/x//", "c/charts/d/Chart.yaml", "c/charts/d.tgz", "c/Charts/d/Chart.yaml", "c/CHARTS/x", "d/Chart.yaml", "Chart.yaml",
}

// misnamed are bad names in each of the ways in which a tar can say one.
func misnamed(t testing.TB) (cases []hostileCase) {
	for _, name := range badNames {
		raw := file("c/x", "")
		cases = append(cases,
			hostileCase{fmt.Sprintf("%q in the header", name), gzipped(t, append(patchedTar(t, func(h []byte) { clear(h[:100]); copy(h, name) }, raw), tarred(t, plain()...)...)), "", false},
			hostileCase{fmt.Sprintf("%q by PAX", name), gzipped(t, append(paxTar(t, record("path", name), "c/x", ""), tarred(t, plain()...)...)), "", false},
			hostileCase{fmt.Sprintf("%q as GNU writes long ones", name), gzipped(t, append(headed(t, 'L', name+"\x00", raw), tarred(t, plain()...)...)), "", false})
	}
	return cases
}

// forged are headers with nonsense in a field, its checksum right or wrong.
func forged(t testing.TB) (cases []hostileCase) {
	for place, name := range map[int]string{0: "name", 100: "mode", 124: "size", 136: "time", 148: "checksum", 156: "type", 257: "magic"} {
		data := tarred(t, plain()...)
		data[place] ^= 0x55
		cases = append(cases, hostileCase{"another " + name + " than the checksum knows", gzipped(t, data), "damaged", false})
	}
	for what, size := range map[string]string{
		"not octal": "99999999999", "words": "abcdefghijk", "below zero": "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		"the largest number": "\x80\x00\x00\x00\x7f\xff\xff\xff\xff\xff\xff\xff", "beyond all numbers": "\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		"eight gigabytes": "77777777777", "a minus": "-0000000001", "more than there is": "00000007777",
	} {
		cases = append(cases, hostileCase{"a size that is " + what, patched(t, func(h []byte) { clear(h[124:136]); copy(h[124:136], size) }, file("c/Chart.yaml", "")), "", false})
	}
	for at, name := range map[int]string{100: "mode", 108: "owner", 116: "group", 136: "time"} {
		cases = append(cases, hostileCase{"words for the " + name, patched(t, func(h []byte) { copy(h[at:], "zzzzzzz") }, plain()...), "damaged", false})
	}
	return cases
}

// recorded are PAX records and GNU's long names that are no good.
func recorded(t testing.TB) (cases []hostileCase) {
	for what, records := range map[string]string{
		"a length that lies": "99 path=c/x\n", "a length of nothing": "0 path=c/x\n", "a length below zero": "-9 path=c/x\n", "a length of words": "x path=c/x\n",
		"a length without end": strings.Repeat("9", 500) + " path=c/x\n", "no equals sign": "9 pathcx\n", "no line end": "11 path=c/x", "no key": "7 =abc\n", "nothing but a length": "3 \n",
		"NUL in the name": record("path", "c/\x00x"), "NUL in the link": record("linkpath", "c/\x00x"), "NUL in a key": record("pa\x00th", "x"), "NUL in the owner": record("uname", "x\x00"),
		"a size of words": record("size", "many"), "a size below zero": record("size", "-1"), "a size beyond all numbers": record("size", strings.Repeat("9", 40)),
		"a large size": record("size", "4294967296"), "a time of words": record("mtime", "soon"), "an owner of words": record("uid", "root"), "a time of odd parts": record("mtime", "1.2.3"),
		"a sparse file, kind 0.0": record("GNU.sparse.size", "1099511627776") + record("GNU.sparse.numblocks", "1") + record("GNU.sparse.offset", "0") + record("GNU.sparse.numbytes", "0"),
		"a sparse file, kind 0.1": record("GNU.sparse.map", "0,0") + record("GNU.sparse.numblocks", "1") + record("GNU.sparse.size", "1099511627776"),
		"a sparse map that lies":  record("GNU.sparse.map", "5,1,0,9") + record("GNU.sparse.numblocks", "2") + record("GNU.sparse.size", "9"),
		"a sparse map of words":   record("GNU.sparse.map", "a,b") + record("GNU.sparse.numblocks", "1"), "many sparse blocks": record("GNU.sparse.map", "0,0") + record("GNU.sparse.numblocks", "999999999"),
		"a sparse map that is missing":    record("GNU.sparse.major", "1") + record("GNU.sparse.minor", "0") + record("GNU.sparse.realsize", "9"),
		"sparse words of an unknown kind": record("GNU.sparse.major", "7") + record("GNU.sparse.minor", "7"),
	} {
		cases = append(cases, hostileCase{what, pax(t, records, "c/x", ""), "", false})
	}
	for what, records := range map[string]string{"a path": record("path", "../x"), "a size": record("size", "9"), "a link": record("linkpath", "/etc"), "a comment and a path": record("comment", "x") + record("path", "../x"),
		"a key of 200,000 letters": record(strings.Repeat("k", 200_000), "x")} {
		data := append(headed(t, tar.TypeXGlobalHeader, records, file("c/y", "")), tarred(t, plain()...)...)
		cases = append(cases, hostileCase{what + " for all files", gzipped(t, data), "of all its files at once", false})
	}
	for what, kind := range map[string]byte{"PAX records": 'x', "a long name": 'L', "a long link": 'K'} {
		alone := patchedTar(t, func(h []byte) { h[156] = kind }, file("x", record("path", "c/y")))
		cases = append(cases, hostileCase{what + " of no file", gzipped(t, alone), "", false},
			hostileCase{what + " that are cut off", gzipped(t, alone[:600]), "", false})
	}
	return cases
}

// truncated is an archive that ends too early: compressed, at many places; and
// the tar within, at the bounds of its blocks and beside them.
func truncated(t testing.TB) (cases []hostileCase) {
	inner := tarred(t, plain()...)
	whole := gzipped(t, inner)
	for end := 0; end < len(whole); end += 5 {
		cases = append(cases, hostileCase{fmt.Sprintf("cut off after %d bytes", end), whole[:end], "", false})
	}
	for _, start := range []int{0, 1024, 2048} { // headers, each with a block of content behind
		for _, into := range []int{1, 100, 257, 511} {
			cases = append(cases, hostileCase{fmt.Sprintf("a tar that ends after %d bytes", start+into), gzipped(t, inner[:start+into]), "", false})
		}
		if start < 2048 { // the last file is empty
			cases = append(cases, hostileCase{fmt.Sprintf("a tar whose content ends after %d bytes", start+515), gzipped(t, inner[:start+515]), "", false})
		}
	}
	return cases
}

// compressed are streams that are no gzip, more than one, or a damaged one.
func compressed(t testing.TB) (cases []hostileCase) {
	inner := tarred(t, plain()...)
	whole := gzipped(t, inner)
	add := func(name string, parts ...[]byte) {
		cases = append(cases, hostileCase{name, bytes.Join(parts, nil), "", false})
	}
	for place := len(whole) - 8; place < len(whole); place++ {
		broken := bytes.Clone(whole)
		broken[place] ^= 0x80
		add(fmt.Sprintf("byte %d of the checksum and length changed", place-len(whole)+8), broken)
	}
	for place, name := range []string{"first magic byte", "second magic byte", "method"} {
		broken := bytes.Clone(whole)
		broken[place] ^= 0xff
		add("another "+name, broken)
	}
	empty := gzipped(t, nil)
	add("an empty member first", empty, whole)
	add("an empty member behind", whole, empty)
	add("zeros behind", whole, make([]byte, 512))
	add("a web page behind", whole, []byte("<html>"))
	add("a tar behind", whole, inner)
	add("a hundred members", bytes.Repeat(whole, 100))
	add("a tar over two members", gzipped(t, inner[:700]), gzipped(t, inner[700:]))
	add("a tar without gzip", inner)
	add("gzip in gzip", gzipped(t, whole))
	add("a zip", []byte("PK\x03\x04"), whole)
	add("bzip2", []byte("BZh91AY&SY"), whole)
	add("xz", []byte("\xfd7zXZ\x00"), whole)
	add("zstd", []byte("\x28\xb5\x2f\xfd"), whole)
	add("a byte order mark in front", []byte("\xef\xbb\xbf"), whole)
	add("a line end in front", []byte("\n"), whole)
	add("JSON", []byte(`{"errors":[{"code":"DENIED"}]}`))
	add("a header alone", whole[:10])
	add("an extra field that is cut off", []byte("\x1f\x8b\x08\x04\x00\x00\x00\x00\x00\xff\xff\xff"))
	add("a name without end", []byte("\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\xff"), bytes.Repeat([]byte("n"), 1<<20))
	add("a comment without end", []byte("\x1f\x8b\x08\x10\x00\x00\x00\x00\x00\xff"), bytes.Repeat([]byte("n"), 1<<20))
	add("a wrong checksum of the header", []byte("\x1f\x8b\x08\x02\x00\x00\x00\x00\x00\xff\x00\x00"), whole[10:])
	for bits := range 8 {
		add(fmt.Sprintf("deflate that begins with the bits %d", bits), whole[:10], []byte{byte(bits) | 0xf8, 0xff, 0xff, 0xff}, whole[14:])
	}
	return cases
}

// nested are archives in archives.
func nested(t testing.TB) (cases []hostileCase) {
	inside := tgz(t, plain()...)
	for depth := range 20 {
		inside = tgz(t, file("c/charts/d.tgz", string(inside)))
		cases = append(cases, hostileCase{fmt.Sprintf("%d subcharts in each other", depth+1), inside, "no subcharts", false})
	}
	many := plain()
	for i := range 150 {
		many = append(many, file(fmt.Sprintf("c/charts/d%d/Chart.yaml", i), "name: d\n"))
	}
	return append(cases, hostileCase{"150 subcharts beside each other", tgz(t, many...), "no subcharts", false})
}

// doubled are names that are met twice.
func doubled(t testing.TB) (cases []hostileCase) {
	folder := func(name string) entry { return special(tar.TypeDir, name+"/", "") }
	for what, entries := range map[string][]entry{
		"Chart.yaml twice":              {file("c/Chart.yaml", "a"), file("c/Chart.yaml", "b")},
		"Chart.yaml and chart.yaml":     {file("c/Chart.yaml", "a"), file("c/chart.yaml", "b")},
		"Chart.yaml and CHART.YAML":     {file("c/Chart.yaml", "a"), file("c/CHART.YAML", "b")},
		"values.yaml twice":             {file("c/Chart.yaml", "a"), file("c/values.yaml", "a"), file("c/values.yaml", "b")},
		"values.yaml twice and equal":   {file("c/values.yaml", "a"), file("c/values.yaml", "a")},
		"a file, then a folder":         {file("c/Chart.yaml", "a"), folder("c/Chart.yaml")},
		"a folder, then a file":         {folder("c/Chart.yaml"), file("c/Chart.yaml", "a")},
		"a file, then one below it":     {file("c/a", "a"), file("c/a/b", "b")},
		"a file, after one below it":    {file("c/a/b", "b"), file("c/a", "a")},
		"folders that differ by case":   {file("c/a/b", "b"), file("c/A/c", "a")},
		"the chart's folder as a file":  {file("c/a", ""), file("c", "")},
		"two folders at the top":        {file("c/Chart.yaml", "a"), file("d/values.yaml", "b")},
		"a top folder in another case":  {file("c/Chart.yaml", "a"), file("C/values.yaml", "b")},
		"three Chart.yaml, one outside": {file("c/Chart.yaml", "a"), file("d/Chart.yaml", "b"), file("c/Chart.yaml", "c")},
	} {
		cases = append(cases, hostileCase{what, tgz(t, entries...), "", false})
	}
	return cases
}

// swollen are archives whose headers, or blocks without content, are what costs.
func swollen(t testing.TB) (cases []hostileCase) {
	add := func(name, words string, data []byte) { cases = append(cases, hostileCase{name, data, words, true}) }
	for _, size := range []int{600_000, 1 << 20, 2 << 20, 7 << 20} {
		add(fmt.Sprintf("PAX records of %d bytes", size), "", pax(t, record("comment", strings.Repeat("x", size)), "c/x", ""))
		add(fmt.Sprintf("a long name of %d bytes", size), "", gzipped(t, headed(t, 'L', strings.Repeat("x", size), file("c/x", ""))))
		add(fmt.Sprintf("a comment for all files of %d bytes", size), "", gzipped(t, headed(t, 'g', record("comment", strings.Repeat("x", size)), file("c/x", ""))))
	}
	var records strings.Builder
	for i := range 30_000 {
		records.WriteString(record(strconv.Itoa(i), "x"))
	}
	add("30,000 PAX records", "", gzipped(t, append(paxTar(t, records.String(), "../x", ""), tarred(t, plain()...)...)))
	var chained []byte
	for range 100 {
		chained = append(chained, headed(t, 'g', record("comment", strings.Repeat("x", 8000)), file("c/x", ""))[:512+512*16]...)
	}
	add("100 comments of 8,000 bytes", "headers", gzipped(t, chained))
	for what, e := range map[string]entry{"folders": special(tar.TypeDir, "c/%d/", ""), "empty files": file("c/%d", "")} {
		many := make([]entry, archive.MaxEntries+1)
		for i := range many {
			many[i] = e
			many[i].Name = fmt.Sprintf(e.Name, i)
		}
		add(fmt.Sprintf("%d %s", len(many), what), "more than 200 entries", tgz(t, many...))
	}
	same := make([]entry, 5000)
	for i := range same {
		same[i] = special(tar.TypeDir, "c/", "")
	}
	add("5,000 times the same folder", "more than 200 entries", tgz(t, same...))
	add("stored blocks of nothing", "more than 1000 blocks", wrapped(bytes.Repeat([]byte{0, 0, 0, 0xff, 0xff}, archive.MaxCompressed/5-10)))
	add("blocks that say how to read nothing", "more than 1000 blocks", wrapped(emptyBlocks(archive.MaxCompressed-100)))
	add("letters by the megabyte", "", gzipped(t, append(tarred(t, plain()...), noise(6<<20)...)))
	return cases
}

// wrapped is a gzip header before deflate that has no end.
func wrapped(blocks []byte) []byte {
	return append([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff}, blocks...)
}

// emptyBlocks are blocks of deflate's third kind (RFC 1951, section 3.2.7): each
// has the codes that follow, and nothing follows but its end. They inflate to
// nothing, and cost a table each.
func emptyBlocks(size int) []byte {
	var block []byte // one bit each
	bits := func(value, n int) {
		for i := range n {
			block = append(block, byte(value>>i&1))
		}
	}
	bits(0, 1)          // not the last
	bits(2, 2)          // codes of its own
	bits(0, 5+5)        // 257 letters, one distance
	bits(14, 4)         // 18 lengths of the codes of lengths
	for i := range 18 { // in the order 16 17 18 0 8 7 9 6 10 5 11 4 12 3 13 2 14 1
		bits(map[int]int{2: 1, 3: 2, 17: 2}[i], 3)
	}
	bits(0, 1)      // 18: zeros,
	bits(138-11, 7) // 138 of them
	bits(0, 1)      // and
	bits(118-11, 7) // 118
	bits(0b11, 2)   // the end of the block has one bit,
	bits(0b01, 2)   // a distance none
	bits(0, 1)      // the end
	out := make([]byte, 0, size)
	for at := 0; len(out) < size; {
		var b byte
		for i := range 8 {
			b |= block[at] << i
			at = (at + 1) % len(block)
		}
		out = append(out, b)
	}
	return out
}

// noise is text that deflate can do little about.
func noise(size int) []byte {
	out := make([]byte, size)
	state := uint32(1)
	for i := range out {
		state = state*1664525 + 1013904223
		out[i] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/"[state>>26]
	}
	return out
}

// headed is a tar's header of a kind with a content, and then an entry; it has no end.
func headed(t testing.TB, kind byte, content string, then entry) []byte {
	t.Helper()
	data := patchedTar(t, func(h []byte) { h[156] = kind }, file("x", content), then)
	return data[:len(data)-1024]
}

func patchedTar(t testing.TB, change func(header []byte), entries ...entry) []byte {
	t.Helper()
	data := tarred(t, entries...)
	change(data[:512])
	seal(data)
	return data
}

func paxTar(t testing.TB, records, name, content string) []byte {
	t.Helper()
	return headed(t, tar.TypeXHeader, records, file(name, content))
}

// BenchmarkHostile reads every hostile archive, and says how long the slowest took.
func BenchmarkHostile(b *testing.B) {
	all := hostile(b)
	for _, cases := range families(b) {
		all = append(all, cases...)
	}
	slowest, which := 0.0, ""
	for _, c := range all {
		result := timed(func() { _, _ = archive.Read(c.data) })
		if result > slowest {
			slowest, which = result, c.name
		}
	}
	for b.Loop() {
		for _, c := range all {
			_, _ = archive.Read(c.data)
		}
	}
	b.ReportMetric(slowest, "slowest-ms")
	b.Logf("%d archives; the slowest: %s", len(all), which)
}

// timed gives how many milliseconds a call takes, the best of three.
func timed(f func()) float64 {
	best := time.Hour
	for range 3 {
		began := time.Now()
		f()
		best = min(best, time.Since(began))
	}
	return float64(best.Microseconds()) / 1000
}
