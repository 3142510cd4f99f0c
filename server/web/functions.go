package web

import (
	"fmt"
	"html/template"
	"strings"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// functions are those that templates use.
var functions = template.FuncMap{
	"bytes": bytesText, "moment": moment, "minute": minute, "rfc3339": rfc3339, "count": count, "short": shortDigest, "join": strings.Join,
	"marked": marked, "badge": badge, "exists": exists, "plain": plain,
}

// badge gives the class of a state's badge. A word that is new has none of its
// own.
func badge(state string) string {
	switch state {
	case api.StateStable, api.StateBeta, api.StateDeprecated:
		return "badge " + state
	}
	return "badge"
}

// wstype gives the type that a web service of a variant has; "" if it has none.
func wstype(v api.Variant) string {
	text, _ := v.Extra["wstype"].(string)
	return text
}

// bytesText writes a size as people say it.
func bytesText(n int64) string {
	const unit = 1000
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	size, names := float64(n), []string{"kB", "MB", "GB", "TB"}
	at := -1
	for size >= unit && at < len(names)-1 {
		size /= unit
		at++
	}
	if size < 10 {
		return fmt.Sprintf("%.1f %s", size, names[at])
	}
	return fmt.Sprintf("%.0f %s", size, names[at])
}

// moment writes a time to the second.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// minute writes a time to the minute.
func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// rfc3339 writes a time for machines.
func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// count writes a number with what it counts: count 1 "image" is "1 image".
func count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	if stem, ok := strings.CutSuffix(one, "y"); ok {
		one = stem + "ie"
	}
	return number(n) + " " + one + "s"
}

// list joins as people do: a, b and c.
func list(texts []string) string {
	if len(texts) < 2 {
		return strings.Join(texts, "")
	}
	last := len(texts) - 1
	return strings.Join(texts[:last], ", ") + " and " + texts[last]
}

// number writes thousands apart.
func number(n int) string {
	text := fmt.Sprint(n)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// shortDigest leaves of a digest what people compare.
func shortDigest(digest string) string {
	algorithm, sum, ok := strings.Cut(digest, ":")
	if !ok || len(sum) <= 12 {
		return digest
	}
	return algorithm + ":" + sum[:12]
}

// exists names what is known of a reference: it is there, missing, or unknown.
func exists(known *bool) string {
	switch {
	case known == nil:
		return "unknown"
	case *known:
		return "there"
	}
	return "missing"
}
