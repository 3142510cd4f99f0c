package archive_test

import (
	"fmt"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/archive"
)

// What is no archive of a chart is refused before anybody else reads it.
func Example() {
	_, err := archive.Read([]byte("<html>503 Service Unavailable</html>"))
	fmt.Println(err)
	// Output: the archive is not gzip: gzip: invalid header
}
