package lint

import (
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

const (
	failing = chart.SeverityError
	warning = chart.SeverityWarning
)

// own are the rules of this package, in the order in which they are checked.
func own() []Rule {
	return []Rule{
		{Name: "name-is-repository", Severity: failing, check: (*linter).nameIsRepository,
			Why: "A name or alias that is the repository of another image leads to one image or the other, as the order of the file has it."},
		{Name: "alias-contradicts-state", Severity: warning, check: (*linter).aliasContradictsState,
			Why: "An alias that says another state than the image has tells people something wrong."},
		{Name: "alias-reads-as-name", Severity: warning, check: (*linter).aliasReadsAsName,
			Why: "An alias in the form of a short name is taken for one, and consumers that read no aliases (webservice) do not know it."},
		{Name: "near-miss", Severity: warning, check: (*linter).nearMiss,
			Why: "A word that is one slip away from one that is common in the catalog is most likely that word, misspelt."},
		{Name: "resolution-tie", Severity: failing, check: (*linter).resolutionTie,
			Why: "Two images with one repository and tag answer to the same spelling, and which one is meant is a matter of chance."},
		{Name: "same-repository", Severity: warning, check: (*linter).sameRepository,
			Why: "Two images in one repository are told apart by their tags or variants alone, which people leave out."},
		{Name: "webservice-tag", Severity: failing, check: (*linter).webserviceTag,
			Why: "The webservice command appends :latest, so that a tag that is written becomes host/path:tag:latest, which nothing can pull."},
		{Name: "digest-in-reference", Severity: failing, check: (*linter).digestInReference,
			Why: "Consumers do not read digests: jobs-api leaves it glued to the tag, and webservice appends :latest to it."},
		{Name: "host-not-allowed", Severity: failing, check: (*linter).hostNotAllowed, Needs: NeedHosts,
			Why: "An image on a host that the platform's admission does not know is listed and cannot start."},
		{Name: "flat-image-missing", Severity: warning, check: (*linter).flatImageMissing,
			Why: "jobs-api since 2026-05 passes over an entry without image, so that beside entries that have one it vanishes silently."},
		{Name: "variants-missing", Severity: failing, check: (*linter).variantsMissing,
			Why: "The webservice command reads variants of every entry, and one without breaks it for every tool, whatever they run."},
		{Name: "missing-wstype", Severity: failing, check: (*linter).missingWstype,
			Why: "The webservice command reads extra.wstype of each of its variants, and one without breaks it for every tool."},
		{Name: "unknown-wstype", Severity: failing, check: (*linter).unknownWstype,
			Why: "A wstype that the webservice command does not know breaks it for every tool, its --help included."},
		{Name: "unknown-resources", Severity: failing, check: (*linter).unknownResources,
			Why: "A word for resources that the webservice command does not know breaks it for every tool."},
		{Name: "misspelt-key", Severity: warning, check: (*linter).misspeltKey,
			Why: "Open maps take any key, so that a misspelt one is carried along and read by nobody."},
		{Name: "default-type", Severity: failing, check: (*linter).defaultType, Needs: NeedType,
			Why: "The webservice command starts this type when its user names none, so that a plain start fails without it."},
		{Name: "replaced-by-retired", Severity: warning, check: (*linter).replacedByRetired,
			Why: "People are sent on a second journey by a successor that is deprecated or removed itself."},
		{Name: "stack-circle", Severity: failing, check: (*linter).stackCircle,
			Why: "Whoever follows what replaces a stack walks in a circle."},
		{Name: "state-lags-dates", Severity: warning, check: (*linter).stateLagsDates, Needs: NeedToday,
			Why: "Records count by the dates, the ConfigMap by the word, so that consumers of the two disagree until the word follows."},
		{Name: "state-ahead-of-dates", Severity: warning, check: (*linter).stateAheadOfDates, Needs: NeedToday,
			Why: "A state that is worse than its dates say so far shows that one of the two is wrong."},
		{Name: "removal-due", Severity: warning, check: (*linter).removalDue, Needs: NeedToday,
			Why: "Past its last day an image is a tombstone in records and still offered by the ConfigMap."},
		{Name: "tombstone-in-future", Severity: warning, check: (*linter).tombstoneInFuture, Needs: NeedToday,
			Why: "A tombstone counts at once: an image that is removed later is an entry with lifecycle.removed."},
		{Name: "image-missing", Severity: failing, check: (*linter).imageMissing, Needs: NeedRegistries,
			Why: "An image whose repository is not in its registry is listed and cannot start."},
		{Name: "tag-missing", Severity: failing, check: (*linter).tagMissing, Needs: NeedRegistries,
			Why: "An image whose tag or digest is not in its repository is listed and cannot start."},
		{Name: "tag-moved", Severity: warning, check: (*linter).tagMoved, Needs: NeedRegistries,
			Why: "The tag names other content now than the digest beside it, or than the published catalog pinned."},
		{Name: "not-in-catalog", Severity: warning, check: (*linter).notInCatalog, Needs: NeedRegistries,
			Why: "A repository that only the catalog should fill, and that no image names, is forgotten on one of the two sides."},
	}
}

// aboutComments are the rules about the comments that accept findings.
func aboutComments() []Rule {
	return []Rule{
		{Name: ruleAllowReason, Severity: warning, Fixed: true,
			Why: "Without a reason nobody knows later whether a finding may still be accepted."},
		{Name: ruleAllowUnknown, Severity: warning, Fixed: true,
			Why: "A comment that names no rule accepts nothing, although it looks as if it did."},
		{Name: ruleAllowFixed, Severity: warning, Fixed: true,
			Why: "What a server refuses is refused with a comment too."},
		{Name: ruleAllowUnused, Severity: warning, Fixed: true,
			Why: "A comment that outlives its reason would hide the next mistake on the same line."},
	}
}

// ofChart are the rules of package chart.
func ofChart() []Rule {
	rules := []Rule{
		{Name: strictyaml.RuleSyntax, Why: "What is no YAML, or over a bound, is not read."},
		{Name: strictyaml.RuleBends, Why: "Readers disagree about a value: 3.20 loses its zero, on is a boolean to some, 010 is eight or ten."},
		{Name: strictyaml.RuleNull, Why: "Helm drops a null without a word."},
		{Name: strictyaml.RuleDuplicate, Why: "Of two equal keys readers keep the first, the last or neither."},
		{Name: "control-character", Why: "Helm does not write control characters, so that a text changes on its way."},
		{Name: chart.RuleFormat, Why: "The format says how a catalog is to be read; one that is not known is not guessed."},
		{Name: chart.RuleUnknownKey, Why: "A key that nobody knows is nearly always a misspelt one."},
		{Name: chart.RuleState, Why: "jobs-api hides an image whose state it does not know, webservice offers it."},
		{Name: chart.RuleNoState, Why: "An entry without state breaks every list of every consumer, not only its own line."},
		{Name: chart.RuleSchema, Why: "Something is missing or has another shape than consumers read."},
		{Name: "bad-name", Why: "Names are typed in shells and URLs, and some belong to the images that tools build."},
		{Name: "bad-reference", Why: "What is no host/path with an optional tag and digest cannot be pulled."},
		{Name: "bad-link", Why: "Links are for browsers: secure, and without white space."},
		{Name: "bad-date", Why: "A day that no calendar has never comes."},
		{Name: "lifecycle-order", Why: "An image is deprecated before it is unsupported, and that before it is removed."},
		{Name: "alias-is-name", Why: "An alias that is the name of another image leads to that one."},
		{Name: "alias-is-own-name", Severity: warning, Why: "An alias that is the image's own name says nothing."},
		{Name: "alias-is-tombstone", Why: "An alias that is the name of a removed image hides what replaced that."},
		{Name: "duplicate-alias", Why: "An alias of two images leads to the first in the file, whichever that is."},
		{Name: "duplicate-item", Why: "Something is twice in one list."},
		{Name: "name-is-tombstone", Why: "An image cannot be offered and removed."},
		{Name: "replaced-by-unknown", Why: "People would be sent to an image that is not there."},
		{Name: "replaced-by-circle", Why: "People would be sent from image to image for ever."},
		{Name: "replaced-by-chain", Why: "Every reader of a record walks the whole way to the last successor."},
		{Name: "rendered-size", Why: "Kubernetes refuses a ConfigMap above 1 MiB."},
		{Name: "chart-api-version", Why: "Helm 3 and 4 read apiVersion v2."},
		{Name: "chart-name", Why: "The ConfigMap and the repository of a catalog chart go by its name."},
		{Name: "chart-version", Why: "Versions are compared by SemVer."},
		{Name: chart.RuleMore, Why: "A run reports so many findings and counts the rest."},
	}
	for i := range rules {
		rules[i].Fixed = rules[i].Severity == ""
		if rules[i].Severity == "" {
			rules[i].Severity = failing
		}
	}
	return rules
}
