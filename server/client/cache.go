package client

import (
	"container/list"
	"sync"
	"time"
)

// stored is an answer as it is kept. It is never changed.
type stored struct {
	raw       []byte
	etag      string
	confirmed time.Time
	next      string // where the next page is, as the server wrote it
}

// cache keeps answers up to so many bytes. Those that were not asked for the
// longest go first.
type cache struct {
	most int64

	mu    sync.Mutex
	bytes int64
	order *list.List // of cached, the newest first
	byKey map[string]*list.Element
}

type cached struct {
	key   string
	value *stored
}

func newCache(most int64) *cache {
	return &cache{most: most, order: list.New(), byKey: map[string]*list.Element{}}
}

// get gives nil for what is not kept.
func (c *cache) get(key string) *stored {
	c.mu.Lock()
	defer c.mu.Unlock()
	element := c.byKey[key]
	if element == nil {
		return nil
	}
	c.order.MoveToFront(element)
	return element.Value.(cached).value
}

// put keeps an answer, if it alone is not too large. An answer that was confirmed
// earlier than the one that is there does not replace it.
func (c *cache) put(key string, value *stored) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if element := c.byKey[key]; element != nil {
		if element.Value.(cached).value.confirmed.After(value.confirmed) {
			return
		}
		c.remove(element)
	}
	if size(key, value) > c.most {
		return
	}
	c.byKey[key] = c.order.PushFront(cached{key, value})
	c.bytes += size(key, value)
	for c.bytes > c.most {
		c.remove(c.order.Back())
	}
}

// forget drops what is kept.
func (c *cache) forget(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if element := c.byKey[key]; element != nil {
		c.remove(element)
	}
}

func (c *cache) remove(element *list.Element) {
	entry := c.order.Remove(element).(cached)
	delete(c.byKey, entry.key)
	c.bytes -= size(entry.key, entry.value)
}

// size is about what an answer takes, its place in the cache included.
func size(key string, value *stored) int64 {
	return int64(len(key) + len(value.raw) + len(value.etag) + len(value.next) + 256)
}
