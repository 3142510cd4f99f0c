package browsertest

import (
	"encoding/json"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Click clicks in the middle of the first element that a selector finds, with the
// mouse: what lies over it gets the click instead.
func (tab *Tab) Click(selector string) {
	tab.t.Helper()
	at := Eval[[]float64](tab, `(e => { e.scrollIntoView({ block: "center", behavior: "instant" });
    const b = e.getBoundingClientRect(); return [b.left + b.width / 2, b.top + b.height / 2]; })(document.querySelector(`+quote(selector)+`))`)
	tab.must(tab.do(chromedp.MouseClickXY(at[0], at[1])))
}

// Follow clicks on what leads to another page, and waits for that.
func (tab *Tab) Follow(selector string) {
	tab.t.Helper()
	tab.leave(func() { tab.Click(selector) })
}

// Submit presses a key that leads to another page, and waits for that.
func (tab *Tab) Submit(keys string) {
	tab.t.Helper()
	tab.leave(func() { tab.Press(keys) })
}

func (tab *Tab) leave(act func()) {
	tab.t.Helper()
	loads := tab.loads()
	act()
	tab.until("another page", func() (bool, error) { return tab.loads() > loads, nil })
	tab.Rest()
}

// Press presses keys, one after the other, wherever the focus is. Special keys are
// those of package kb.
func (tab *Tab) Press(keys string) {
	tab.t.Helper()
	for _, r := range keys {
		events := kb.Encode(r)
		if len(events) == 3 { // down, char, up: a real key is one event with its text, which a page may prevent as a whole
			events[0].Text, events[0].UnmodifiedText = events[1].Text, events[1].UnmodifiedText
			events = []*input.DispatchKeyEventParams{events[0], events[2]}
		}
		for _, e := range events {
			tab.must(tab.do(command(input.DispatchKeyEvent, *e)))
		}
	}
}

// Clipboard reads what was copied last.
func (tab *Tab) Clipboard() string {
	tab.t.Helper()
	return Eval[string](tab, "navigator.clipboard.readText()")
}

// quote writes a string as JavaScript has it.
func quote(text string) string {
	encoded, _ := json.Marshal(text) // a string has no way to fail
	return string(encoded)
}
