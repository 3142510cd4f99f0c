package consumers

import (
	"cmp"
	"fmt"
	"slices"
)

// Result is what each consumer makes of one document.
type Result struct {
	Readings []Reading `json:"consumers"`
}

// Reading gives one consumer's reading, or nil.
func (r Result) Reading(consumer string) *Reading {
	at := slices.IndexFunc(r.Readings, func(reading Reading) bool { return reading.Name == consumer })
	if at < 0 {
		return nil
	}
	return &r.Readings[at]
}

// Reading is what one consumer makes of a document.
type Reading struct {
	Consumer
	// Loads is false if the consumer fails as a whole: no image is listed, and none
	// resolves.
	Loads bool `json:"loads"`
	// Fails says why it does not load.
	Fails *Failure `json:"fails,omitempty"`
	// Images are those that it has, sorted by name.
	Images []Image `json:"images"`
	// Skipped are entries that it passes over without a word.
	Skipped []Skipped `json:"skipped"`
	// Default is what it starts when nobody names an image; nil if it has no such.
	Default *Default `json:"default,omitempty"`
}

// Failure is what stops a consumer as a whole.
type Failure struct {
	// Error is the error as the consumer would name it.
	Error string `json:"error"`
	// Image is the entry that causes it; "" if no single one does.
	Image string `json:"image,omitempty"`
	// Message says what is wrong and who feels it.
	Message string `json:"message"`
}

// Image is an entry as a consumer has it.
type Image struct {
	ShortName string `json:"short_name"`
	State     string `json:"state"`
	// Image is the reference as the consumer would print and start it.
	Image string `json:"image"`
	// Listed tells whether its list shows the image. What it does not show still
	// resolves.
	Listed bool `json:"listed"`
	// Spellings are what leads to this image: names, aliases, repositories.
	Spellings []string `json:"spellings"`
	// Problem says what is wrong with the reference; "" if nothing is.
	Problem string `json:"problem,omitempty"`
	// Wstype and Resources are what the webservice command runs it with.
	Wstype    string `json:"wstype,omitempty"`
	Resources string `json:"resources,omitempty"`
}

// Skipped is an entry that a consumer passes over.
type Skipped struct {
	ShortName string `json:"short_name"`
	Reason    string `json:"reason"`
}

// Default is the image that a consumer starts when nobody names one.
type Default struct {
	ShortName string `json:"short_name"`
	// Starts is false if the consumer does not have it.
	Starts bool `json:"starts"`
}

// Image gives an image by its short name, or nil.
func (r *Reading) Image(shortName string) *Image {
	at, found := slices.BinarySearchFunc(r.Images, shortName, func(i Image, name string) int { return cmp.Compare(i.ShortName, name) })
	if !found {
		return nil
	}
	return &r.Images[at]
}

// Resolve gives the image that a spelling leads to, one of those that
// Image.Spellings has; nil if there is none.
func (r *Reading) Resolve(spelling string) *Image {
	at := slices.IndexFunc(r.Images, func(i Image) bool { return slices.Contains(i.Spellings, spelling) })
	if at < 0 {
		return nil
	}
	return &r.Images[at]
}

// Listed counts the images that the list shows.
func (r *Reading) Listed() int {
	n := 0
	for _, i := range r.Images {
		if i.Listed {
			n++
		}
	}
	return n
}

// failed is the reading of a consumer that fails as a whole.
func failed(kind, image, format string, args ...any) Reading {
	return Reading{
		Fails:  &Failure{Error: kind, Image: image, Message: fmt.Sprintf(format, args...)},
		Images: []Image{}, Skipped: []Skipped{},
	}
}

// The errors of Python that consumers meet.
const (
	keyError   = "KeyError"
	valueError = "ValueError"
	typeError  = "TypeError"
)

func contains(words []string, word string) bool { return slices.Contains(words, word) }
