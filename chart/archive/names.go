package archive

import (
	"archive/tar"
	"fmt"
	"strings"
)

// aFolder marks a folder among the names that are taken.
const aFolder = "/"

// take notes an entry's name and the folders above it. Where letters' case does
// not count, names that differ in nothing else are one; and what is a file cannot
// be a folder too. Folders may be met again and again.
func (c *Chart) take(entry, name string, isFolder bool) error {
	if !isFolder {
		if err := c.takeOne(entry, name, name); err != nil {
			return err
		}
		name = above(name)
	}
	for ; name != ""; name = above(name) {
		if err := c.takeOne(entry, name, name+aFolder); err != nil {
			return err
		}
	}
	return nil
}

func (c *Chart) takeOne(entry, name, what string) error {
	key := strings.ToLower(name)
	before, met := c.taken[key]
	switch {
	case !met:
		c.taken[key] = what
	case before != what && strings.HasSuffix(before, aFolder) != strings.HasSuffix(what, aFolder):
		return fmt.Errorf("entry %q: %q is a file and a folder", entry, name)
	case before != what:
		return fmt.Errorf("entry %q differs from %q by letters' case alone", entry, c.Folder+"/"+before)
	case !strings.HasSuffix(what, aFolder):
		return fmt.Errorf("entry %q is in the archive twice", entry)
	}
	return nil
}

// above gives the folder that a name is in; "" at the top.
func above(name string) string { return name[:max(strings.LastIndexByte(name, '/'), 0)] }

// checkGlobal admits the comment that git archive writes. Whatever else is said
// of all files that follow is heeded by some readers and not by others (Go's).
func checkGlobal(header *tar.Header) error {
	for key := range header.PAXRecords {
		if key != "comment" {
			return fmt.Errorf("the archive says %q of all its files at once", clip(key))
		}
	}
	return nil
}
