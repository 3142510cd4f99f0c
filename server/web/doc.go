// Package web draws the pages that people look at in a browser: models, their
// templates, one style sheet and one script.
//
// It has no data of its own. A model is made of what package server/api
// publishes, so a page cannot show what an answer of the API would not; what a
// page needs beyond records (counts, links, sentences) is worked out here from
// them. It knows neither snapshots nor HTTP: package server makes the models,
// sends the bytes and sets the headers.
//
// Everything works without the script, which only makes it nicer. Whatever comes
// from catalogs and registries is text: html/template escapes it by its place,
// nothing is marked as safe by hand, and the Content-Security-Policy that goes
// with every page ([Policy]) lets nothing run that is not in assets.
//
// # A new page
//
// One file here with its model, which embeds [Frame] and names its template; one
// template of that name in templates, which defines "main"; one file in package
// server (sitecatalog.go beside catalog.go) with its [server] painter and one
// line in siteRoutes; and a line in [places] if the navigation leads there.
package web
