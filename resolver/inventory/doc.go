// Package inventory knows the images that tools' users built: what each tool's
// Harbor project holds now, complete, and kept up at the cost of what changes.
//
// An [Inventory] asks Harbor (through package harbor) in rounds. The first lists
// and reads everything: a sweep. A later one asks for the newest page of
// repositories, whose rows show what was pushed, retagged or cut, and whose
// count shows what came or went unseen; it reads the repositories that changed,
// and nothing else. A count that does not add up is answered by a sweep, and one
// comes now and then whatever happens. Each round that finds something publishes
// a [View], which is immutable and shares with the view before it all that did
// not change. What fails leaves the last good view, marked by [State.Err].
//
// What is private is known from the last proof of identity, half a minute old at
// most, and what came after that proof counts as private: nothing is shown to
// all because nobody had asked yet, or because we lost the right to see it.
//
// It does not know the catalog, nor how a record looks: package snapshot joins.
// It has no loop and no timer: package resolver calls its rounds.
package inventory
