package client

import (
	"context"
	"errors"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// errNoName is a question that would be another one: an empty segment of a path
// makes a different route.
var errNoName = errors.New("client: a name is wanted, and is empty")

// List asks for the images that anyone may see, in one piece. Errors match
// [ErrCouldNotAsk], or are an [*Error].
func (c *Client) List(ctx context.Context, q Query) (*Answer[api.ImagesAnswer], error) {
	asked := c.question(q.values(), "v1", "images")
	asked.fresh = q.Fresh
	return get(ctx, c, asked, decodeImages)
}

// ToolImages asks for the standard images and those that a tool built, private
// ones too. The server has to believe who asks: over a gateway, with a client
// certificate, or on its own machine. Errors are those of [Client.List].
func (c *Client) ToolImages(ctx context.Context, tool string, q Query) (*Answer[api.ImagesAnswer], error) {
	if tool == "" {
		return nil, errNoName
	}
	asked := c.question(q.values(), "v1", "tool", tool, "images")
	asked.tool, asked.fresh = tool, q.Fresh
	return get(ctx, c, asked, decodeImages)
}

// Image asks for one public image by short name or alias. An error that matches
// [ErrNotThere] is an [*Error] with suggestions, or with the tombstone of an
// image that was removed.
func (c *Client) Image(ctx context.Context, name string) (*Answer[api.ImageAnswer], error) {
	if name == "" {
		return nil, errNoName
	}
	return get(ctx, c, c.question(nil, "v1", "images", name), decodeImage)
}

// Catalog asks what is served, where it came from and how the sources fare. The
// answer knows the clock, so that an old one says how things were.
func (c *Client) Catalog(ctx context.Context) (*Answer[api.CatalogAnswer], error) {
	return get(ctx, c, c.question(nil, "v1", "catalog"), decodeCatalog)
}

// ImageConfig asks for the catalog as the image-config ConfigMap has it; Raw is
// JSON.
func (c *Client) ImageConfig(ctx context.Context) (*Answer[LegacyCatalog], error) {
	return get(ctx, c, c.question(nil, "v1", "image-config"), decodeLegacy)
}
