package main

import (
	"context"
	"fmt"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/compare"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/history"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// versionsResult is the answer of versions as data: that of the server's route,
// and what only a look at each chart tells.
type versionsResult struct {
	Versions []versionRow `json:"versions"`
	Messages api.Messages `json:"messages"`
}

// versionRow is one version.
type versionRow struct {
	api.Version
	// Signed tells whether there is a signature; nil while unknown.
	Signed *bool `json:"signed,omitempty"`
	// SignedBy is whose signature was checked and is good; "" if nobody's was.
	SignedBy string `json:"signed_by,omitempty"`
	// Changes are those since the version below; nil while unknown, and of the
	// first version.
	Changes *changeCount `json:"changes,omitempty"`

	first bool
}

// changeCount counts changes since another version.
type changeCount struct {
	Since    string `json:"since"`
	Breaking int    `json:"breaking"`
	Safe     int    `json:"safe"`
}

func (r versionRow) signedText() string {
	switch {
	case r.SignedBy != "":
		return r.SignedBy
	case r.Signed == nil:
		return "-"
	case *r.Signed:
		return "yes"
	}
	return "no"
}

func (r versionRow) changesText() string {
	switch {
	case r.first:
		return "first"
	case r.Changes == nil:
		return "-"
	case r.Changes.Breaking == 0 && r.Changes.Safe == 0:
		return "none"
	}
	return fmt.Sprintf("%d breaking, %d safe", r.Changes.Breaking, r.Changes.Safe)
}

// versionContent reads what the versions of one repository say.
type versionContent struct {
	history    *history.History
	signatures map[string]versionSignature // by digest
}

type versionSignature struct {
	there bool
	resolver.Signature
}

// newVersionContent reads one version at a time, as many as are asked for: the
// bounds of a history are meant for servers that others ask.
func newVersionContent(from history.Repository, trust resolver.Trust, patience time.Duration) *versionContent {
	c := &versionContent{signatures: map[string]versionSignature{}}
	from.Check = func(pulled *artifact.Chart) error {
		c.signatures[pulled.Digest] = versionSignature{pulled.Provenance != nil, trust.Check(pulled)}
		return nil // what is wrong with it is told beside it
	}
	c.history = history.New(from, history.Options{Patience: patience, Fresh: patience, PerMinute: 10_000})
	return c
}

// describe fills in what the charts of the rows say. all are the versions that
// there are, of which the rows are the first. A version that cannot be read is a
// warning.
func (c *versionContent) describe(ctx context.Context, all []history.Version, answer *versionsResult) error {
	rows := answer.Versions
	var newer *chart.Catalog // of the row before; nil where it is not known
	for i := range all[:min(len(all), len(rows)+1)] {
		own, err := c.history.Get(ctx, all[i].Version)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var catalog *chart.Catalog
		if err != nil {
			answer.warn("version %s cannot be read: %s", all[i].Version, err)
		} else {
			catalog = own.Chart.Catalog
		}
		if i > 0 && newer != nil && catalog != nil {
			changes := compare.Catalogs(catalog, newer)
			rows[i-1].Changes = &changeCount{all[i].Version, len(changes.Breaking()), len(changes.Safe())}
		}
		newer = catalog
		if i == len(rows) {
			break
		}
		rows[i].first = i == len(all)-1
		if err == nil {
			c.sign(&rows[i], own.Digest, answer)
		}
	}
	return nil
}

// sign notes the signature of a row.
func (c *versionContent) sign(row *versionRow, digest string, answer *versionsResult) {
	signature := c.signatures[digest]
	row.Signed = &signature.there
	switch {
	case signature.By != nil:
		row.SignedBy = signature.By.Identity
	case signature.Checked && signature.there:
		answer.warn("no key of the keyring vouches for version %s: %s", row.Version.Version, signature.Err)
	}
}

func (r *versionsResult) warn(format string, args ...any) {
	r.Messages.Warning = append(r.Messages.Warning, fmt.Sprintf(format, args...))
}
