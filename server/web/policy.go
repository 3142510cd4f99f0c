package web

// Policy is the Content-Security-Policy of every page: its own style, script,
// icon and data, forms to itself, and nothing else from anywhere. No inline style
// or script has a way in, and no other page may put it into a frame.
const Policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
