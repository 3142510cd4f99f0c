package inventory

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unique"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/marker"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/shrink"
)

// Record is all that is known of one project, the rounds' bookkeeping included:
// what a view is kept as between two processes.
type Record struct {
	Project string
	ID      int64 // Harbor's; 0 while unknown
	// Private and Unproved tell that only the tool itself may see it, and that
	// this is a guess because nobody was asked since it came.
	Private, Unproved bool
	Repositories      []RepositoryRecord // sorted by name, at least one
}

// RepositoryRecord is a repository of a [Record].
type RepositoryRecord struct {
	Name string
	// These are Harbor's words for what was last read.
	ID, Updated, Artifacts int64
	Images                 []Image       // sorted by tag; not to be changed
	Marks                  *marker.Marks // nil without any
}

// Records calls f with each project of a view in order, until f fails. A record
// is f's until it returns. No lock is held meanwhile, and no more memory is used
// than some hundred projects take.
func (i *Inventory) Records(view *View, f func(*Record) error) error {
	var records []Record
	for _, shelf := range view.shelves {
		records = i.recordsOf(shelf, records[:0])
		for n := range records {
			if err := f(&records[n]); err != nil {
				return err
			}
		}
	}
	return nil
}

// recordsOf copies the bookkeeping, which rounds change, under the lock. It uses
// the room of records.
func (i *Inventory) recordsOf(shelf []*Tool, records []Record) []Record {
	i.mu.Lock()
	defer i.mu.Unlock()
	for n, t := range shelf {
		var room []RepositoryRecord
		if n < cap(records) {
			room = records[:n+1][n].Repositories[:0]
		}
		for _, r := range t.Repositories {
			room = append(room, RepositoryRecord{
				Name: r.Name, ID: r.id, Updated: r.updated, Artifacts: r.artifacts, Images: r.Images, Marks: t.Marks(r.Name),
			})
		}
		records = append(records, Record{Project: t.Project, ID: t.id, Private: t.Private, Unproved: t.unproved, Repositories: room})
	}
	return records
}

// Builder makes a view of records. The zero value is ready.
type Builder struct {
	edit  edit
	shelf []*Tool
	last  string
}

// Add puts a project behind those before. The error says why the record is none
// that [Inventory.Records] gave; the builder is of no use then.
func (b *Builder) Add(r *Record) error {
	if !harbor.ValidProject(r.Project) {
		return fmt.Errorf("%q is no project's name", r.Project)
	}
	if b.last != "" && compareProjects(b.last, r.Project) >= 0 {
		return fmt.Errorf("project %q comes after %q", r.Project, b.last)
	}
	t := newTool(r.Project)
	t.id, t.Private, t.unproved, t.recalled = r.ID, r.Private, r.Unproved, true
	if err := t.fill(r.Repositories); err != nil {
		return fmt.Errorf("project %s: %w", r.Project, err)
	}
	b.last = t.Project
	b.edit.count(t, 1)
	if b.shelf = append(b.shelf, t); len(b.shelf) == goodShelf {
		b.close()
	}
	return nil
}

// fill gives a tool its repositories.
func (t *Tool) fill(records []RepositoryRecord) error {
	if len(records) == 0 {
		return errors.New("it has no repositories")
	}
	said := &marks{}
	t.Repositories = make([]*Repository, len(records))
	for n, r := range records {
		if r.Name == "" || n > 0 && records[n-1].Name >= r.Name {
			return fmt.Errorf("the name %q of a repository is out of place", r.Name)
		}
		for k, image := range r.Images {
			if image.Tag == "" || k > 0 && r.Images[k-1].Tag >= image.Tag || image.Details == (unique.Handle[Details]{}) {
				return fmt.Errorf("the tag %q of repository %s is out of place", image.Tag, r.Name)
			}
		}
		t.Repositories[n] = &Repository{Name: t.own(r.Name), Images: r.Images, id: r.ID, updated: r.Updated, artifacts: r.Artifacts}
		if r.Marks != nil {
			said.repositories = append(said.repositories, marked{t.Repositories[n].Name, r.Marks})
		}
	}
	t.marks = said.settle(t.Repositories)
	return nil
}

// View gives what was added. The builder is of no use then.
func (b *Builder) View() *View {
	b.close()
	return &b.edit.view
}

func (b *Builder) close() {
	if len(b.shelf) > 0 {
		b.edit.view.shelves = append(b.edit.view.shelves, b.shelf)
		b.shelf = nil
	}
}

// Memory is what an inventory knew at some moment, and can begin with in another
// process.
type Memory struct {
	View *View
	// Identity is who we were to Harbor, Version Harbor's; "" where it hides it.
	Identity harbor.IdentityKind
	Version  string
	// LastSuccess and LastSweep are when it was so.
	LastSuccess, LastSweep time.Time
	// Losses and Rights are what went lately, and what is said to be gone and not
	// believed: repositories that held something, and private projects.
	Losses, Rights shrink.Watch
}

// Memory gives what is known now, and false before the first good round.
func (i *Inventory) Memory() (m Memory, known bool) {
	s := i.State()
	return Memory{
		View: s.View, Identity: s.Health.Identity.Kind, Version: strings.Clone(s.Health.Version),
		LastSuccess: s.Health.LastSuccess, LastSweep: s.Health.LastSweep,
		Losses: s.losses, Rights: s.rights,
	}, !s.Health.LastSuccess.IsZero()
}

// Recall lets the inventory begin with what an earlier process knew: it is served
// as a last good answer, marked by [State.Recalled], until a first round succeeds,
// which has to read only what changed since. It is for start-up, before Round.
func (i *Inventory) Recall(m Memory) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.book.recalled = true
	i.book.losses, i.book.rights = m.Losses, m.Rights
	i.state.Store(&State{View: m.View, Recalled: true, losses: m.Losses, rights: m.Rights, Health: Health{
		LastSuccess: m.LastSuccess, LastSweep: m.LastSweep, Version: m.Version, Identity: harbor.Identity{Kind: m.Identity},
	}})
}

// forget takes a project out of the view.
func (e *edit) forget(t *Tool) {
	gone := *t
	gone.Repositories = nil
	e.put(&gone)
}
