// Package inventory knows the images that tools' users built: what each tool's
// Harbor project holds now, complete, and kept up at the cost of what changes.
//
// An [Inventory] asks Harbor (through package harbor) in rounds: a first sweep
// reads everything, later rounds ask only for the repositories that changed.
// Each round that finds something publishes a [View], which is immutable and
// shares with the view before it all that did not change. A failed round leaves
// the last good view, marked stale.
//
// It does not know the catalog, nor how a record looks: package snapshot joins.
package inventory
