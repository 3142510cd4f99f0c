// Package nemesis judges what readers of a Bayplan were told while the world that
// it reads from changed, and it and that world were struck: a recorded history,
// and a checker of it.
//
// A [World] is what was written where Bayplan reads from, with the time of each
// write. A [Recorder] takes down each answer. [Check] then looks for answers that
// nobody can have been given rightly: a body that is no state that was written,
// an entity tag that is not that of its bytes, a step back, a 304 for what the
// caller did not hold, an image of a private project where anyone could see it.
//
// The package imports nothing of Bayplan but what decodes its codings: what it
// expects follows from what was written and from the contract alone. Whoever
// uses it, a test, does the writing, the reading and the striking.
package nemesis
