package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/consumers"
)

// print writes what each consumer makes of the whole, then of each entry, or
// each one's list; and last what is broken.
func (o *checkOptions) print(result checkResult) error {
	if err := o.printSummary(result.Readings); err != nil {
		return err
	}
	print := o.printEntries
	if o.lists {
		print = o.printLists
	}
	if err := print(result.Readings); err != nil {
		return err
	}
	if len(result.Breaks) == 0 {
		return nil
	}
	rows := make([][]string, len(result.Breaks))
	for i, b := range result.Breaks {
		rows[i] = []string{b.Name, b.Message}
	}
	fmt.Fprintln(o.std.out)
	return printTable(o.std, []string{"BREAK", "WHAT"}, rows)
}

func (o *checkOptions) printSummary(readings []consumers.Reading) error {
	rows := make([][]string, len(readings))
	for i, r := range readings {
		row := []string{r.Name, "no", "-", "-", "-", "-", "-"}
		if r.Loads || len(r.Skipped) > 0 {
			row[4] = strconv.Itoa(len(r.Skipped))
		}
		if r.Loads {
			spellings := 0
			for _, image := range r.Images {
				spellings += len(image.Spellings)
			}
			row[1], row[2], row[3] = "yes", strconv.Itoa(r.Listed()), strconv.Itoa(len(r.Images)-r.Listed())
			row[5] = strconv.Itoa(spellings)
		}
		if r.Default != nil {
			row[6] = r.Default.ShortName
		}
		rows[i] = row
	}
	return printTable(o.std, []string{"CONSUMER", "LOADS", "LISTED", "HIDDEN", "SKIPPED", "SPELLINGS", "DEFAULT"}, rows)
}

// printEntries writes a row for each entry with what each consumer does to it.
func (o *checkOptions) printEntries(readings []consumers.Reading) error {
	head := []string{"NAME"}
	words := map[string][]string{} // by short name, a word for each consumer
	put := func(name string, consumer int, word string) {
		if words[name] == nil {
			words[name] = otherwise(readings)
		}
		words[name][consumer] = word
	}
	for i, r := range readings {
		head = append(head, strings.ToUpper(r.Name))
		for _, image := range r.Images {
			put(image.ShortName, i, entryWord(image))
		}
		for _, s := range r.Skipped {
			put(s.ShortName, i, "skipped")
		}
	}
	rows := make([][]string, 0, len(words))
	for _, name := range slices.Sorted(maps.Keys(words)) {
		rows = append(rows, append([]string{name}, words[name]...))
	}
	fmt.Fprintln(o.std.out)
	return printTable(o.std, head, rows)
}

// otherwise says what becomes of an entry that a consumer says nothing of.
func otherwise(readings []consumers.Reading) []string {
	words := make([]string, len(readings))
	for i, r := range readings {
		if words[i] = "-"; !r.Loads {
			words[i] = "fails"
		}
	}
	return words
}

// entryWord says what a consumer does with an image that it has.
func entryWord(image consumers.Image) string {
	switch {
	case image.Problem != "":
		return "unusable"
	case image.Listed:
		return "listed"
	}
	return "hidden"
}

// printLists writes what each consumer would list, and what leads there.
func (o *checkOptions) printLists(readings []consumers.Reading) error {
	for _, r := range readings {
		fmt.Fprintf(o.std.out, "\n%s, %s:\n", r.Name, r.About)
		if !r.Loads {
			fmt.Fprintln(o.std.out, shown(r.Fails.Error+": "+r.Fails.Message))
			continue
		}
		rows := make([][]string, len(r.Images))
		for i, image := range r.Images {
			rows[i] = []string{image.ShortName, entryWord(image), image.Image, strings.Join(image.Spellings, " ")}
		}
		if err := printTable(o.std, []string{"SHORT NAME", "IS", "IMAGE", "SPELLINGS"}, rows); err != nil {
			return err
		}
	}
	return nil
}
