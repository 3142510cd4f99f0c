package client

import (
	"context"
	"time"
)

// SetWait has the client wait by calling f; false means that the context ended.
func (c *Client) SetWait(f func(context.Context, time.Duration) bool) { c.wait = f }

// SetNow gives the client another clock.
func (c *Client) SetNow(now func() time.Time) { c.now = now }
