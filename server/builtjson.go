package server

import (
	"strconv"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// appendRecord appends the encoded record of an image: what encode(Record(i))
// gives, byte for byte, which a test holds. There may be a hundred thousand
// user-built images in one answer, so their records are written by hand, at a
// tenth of the cost.
func appendRecord(to []byte, i *snapshot.Image) []byte {
	if !plainlyBuilt(i) {
		return append(to, encode(Record(i))...)
	}
	b := i.Built
	to = appendText(append(to, `{"short_name":`...), i.ShortName)
	to = appendText(append(to, `,"type":`...), string(i.Type))
	to = appendUnlessEmpty(to, `,"tool":`, b.Tool)
	to = appendText(append(to, `,"state":`...), i.State)
	to = appendTexts(append(to, `,"aliases":`...), i.Aliases)
	to = appendText(append(to, `,"host":`...), i.Reference.Host)
	to = appendText(append(to, `,"path":`...), i.Reference.Path)
	to = appendText(append(to, `,"tag":`...), i.Reference.Tag)
	to = appendText(append(to, `,"image":`...), i.Reference.String())
	to = appendUnlessEmpty(to, `,"digest":`, i.Digest)
	to = appendUnlessEmpty(to, `,"pinned":`, i.Pinned())
	if i.Exists != fact.Unknown {
		to = strconv.AppendBool(append(to, `,"exists":`...), i.Exists == fact.Present)
	}
	to = append(to, `,"variants":{}`...)
	to = appendBuilt(to, b)
	to = appendUnlessEmpty(to, `,"notice":`, i.Notice)
	to = append(appendText(append(to, `,"sources":{"live":`...), i.LiveSource), ',')
	to = append(appendText(append(to, `"metadata":`...), i.LiveSource), '}')
	if i.Stale {
		to = append(to, `,"stale":true`...)
	}
	return append(to, '}')
}

// plainlyBuilt tells whether an image has nothing but what user-built images
// have.
func plainlyBuilt(i *snapshot.Image) bool {
	return i.Built != nil && i.LiveSource != "" && len(i.Marked) == 0 && len(i.Variants) == 0 && i.WebserviceDefaults == nil && i.Description == "" &&
		len(i.Links) == 0 && i.ReplacedBy == "" && i.Lifecycle == (chart.Lifecycle{})
}

// appendBuilt appends what is known of a user-built image alone.
func appendBuilt(to []byte, b *snapshot.Built) []byte {
	if b.SizeBytes != 0 {
		to = strconv.AppendInt(append(to, `,"size_bytes":`...), b.SizeBytes, 10)
	}
	if !b.PushedAt.IsZero() {
		to = append(b.PushedAt.AppendFormat(append(to, `,"pushed_at":"`...), time.RFC3339Nano), '"')
	}
	if b.Platforms != nil {
		to = appendTexts(append(to, `,"platforms":`...), b.Platforms)
	}
	if b.Stack != nil {
		to = appendText(append(to, `,"stack":{"name":`...), b.Stack.Name)
		to = appendUnlessEmpty(to, `,"state":`, b.Stack.State)
		to = append(appendUnlessEmpty(to, `,"replaced_by":`, b.Stack.ReplacedBy), '}')
	}
	if b.Scan != nil {
		to = appendScan(to, b.Scan)
	}
	if b.Signed {
		to = append(to, `,"signed":true`...)
	}
	return to
}

func appendScan(to []byte, v *inventory.Scan) []byte {
	to = append(to, `,"vulnerabilities":{`...)
	for _, count := range []struct {
		name  string
		value int
	}{
		{`"critical":`, v.Critical}, {`,"high":`, v.High}, {`,"medium":`, v.Medium}, {`,"low":`, v.Low},
		{`,"negligible":`, v.Negligible}, {`,"unknown":`, v.Unknown}, {`,"fixable":`, v.Fixable},
	} {
		to = strconv.AppendInt(append(to, count.name...), int64(count.value), 10)
	}
	if v.At > 0 {
		to = append(time.UnixMilli(v.At).UTC().AppendFormat(append(to, `,"scanned_at":"`...), time.RFC3339Nano), '"')
	}
	return append(to, '}')
}

func appendUnlessEmpty(to []byte, name, text string) []byte {
	if text == "" {
		return to
	}
	return appendText(append(to, name...), text)
}

func appendTexts(to []byte, texts []string) []byte {
	to = append(to, '[')
	for n, text := range texts {
		if n > 0 {
			to = append(to, ',')
		}
		to = appendText(to, text)
	}
	return append(to, ']')
}

// appendText appends a JSON string. Names in registries need no escapes.
func appendText(to []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return append(to, encode(text)...)
		}
	}
	return append(append(append(to, '"'), text...), '"')
}
