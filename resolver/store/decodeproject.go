package store

import (
	"fmt"
	"unique"

	"google.golang.org/protobuf/encoding/protowire"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
)

func (d *decoder) detail(m []byte) error {
	var out inventory.Details
	err := each(m, func(field protowire.Number, v value) error {
		switch field {
		case 1:
			out.Platforms = v.text()
		case 2:
			out.Stack = v.text()
		case 3:
			out.RunImage = v.text()
		case 4:
			out.Signed = v.yes()
		}
		return nil
	})
	d.details = append(d.details, unique.Make(out))
	return err
}

// project takes one project into the view.
func (d *decoder) project(m []byte) error {
	var r inventory.Record
	err := each(m, func(field protowire.Number, v value) error {
		switch field {
		case 1:
			r.Project = v.text()
		case 2:
			r.ID = v.number()
		case 3:
			r.Private = v.yes()
		case 4:
			r.Unproved = v.yes()
		case 5:
			repository, err := d.repository(v.bytes)
			r.Repositories = append(r.Repositories, repository)
			return err
		}
		return nil
	})
	if err != nil {
		return err
	}
	return d.builder.Add(&r)
}

func (d *decoder) repository(m []byte) (r inventory.RepositoryRecord, err error) {
	images := 0
	count := func(field protowire.Number, _ value) error {
		if field == 5 {
			images++
		}
		return nil
	}
	if err := each(m, count); err != nil {
		return r, err
	}
	if images > 0 {
		r.Images = make([]inventory.Image, 0, images) // room that nobody needs would stay
	}
	err = each(m, func(field protowire.Number, v value) (err error) {
		switch field {
		case 1:
			r.Name = v.text()
		case 2:
			r.ID = v.number()
		case 3:
			r.Updated = v.number()
		case 4:
			r.Artifacts = v.number()
		case 5:
			var image inventory.Image
			image, err = d.image(v.bytes)
			r.Images = append(r.Images, image)
		case 6:
			r.Marks, err = marksOf(v.bytes)
		}
		return err
	})
	return r, err
}

func (d *decoder) image(m []byte) (image inventory.Image, err error) {
	err = each(m, func(field protowire.Number, v value) (err error) {
		switch field {
		case 1:
			image.Tag = unique.Make(v.text()).Value()
		case 2:
			if len(v.bytes) != len(image.Digest) {
				return fmt.Errorf("a digest has %d bytes", len(v.bytes))
			}
			image.Digest = inventory.Digest(v.bytes)
		case 3:
			image.Pushed = v.number()
		case 4:
			image.Size = v.number()
		case 5:
			if v.n == 0 || v.n > uint64(len(d.details)) {
				return fmt.Errorf("there are no details %d", v.n)
			}
			image.Details = d.details[v.n-1]
		case 6:
			image.Scan, err = scanOf(v.bytes)
		}
		return err
	})
	return image, err
}

func scanOf(m []byte) (*inventory.Scan, error) {
	s := &inventory.Scan{}
	return s, each(m, func(field protowire.Number, v value) error {
		counts := [...]*int{&s.Critical, &s.High, &s.Medium, &s.Low, &s.Negligible, &s.Unknown, &s.Fixable}
		switch n := int(field); {
		case n >= 1 && n <= len(counts):
			*counts[n-1] = int(v.number())
		case n == len(counts)+1:
			s.At = v.number()
		}
		return nil
	})
}
