package server

import (
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// kept holds values up to a number of bytes in all. What was not asked for the
// longest goes first.
type kept[V any] struct {
	mu     sync.Mutex
	values *simplelru.LRU[string, sized[V]]
	bytes  int
	most   int
}

type sized[V any] struct {
	value V
	bytes int
}

// manyValues is a number of values that is never reached: bytes are the bound.
const manyValues = 1 << 30

func newKept[V any](most int) *kept[V] {
	k := &kept[V]{most: most}
	values, err := simplelru.NewLRU(manyValues, func(_ string, gone sized[V]) { k.bytes -= gone.bytes })
	if err != nil {
		panic("server: " + err.Error()) // the number is positive
	}
	k.values = values
	return k
}

func (k *kept[V]) get(key string) (V, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	v, ok := k.values.Get(key)
	return v.value, ok
}

// put keeps a value of so many bytes in place of the one that has the key.
func (k *kept[V]) put(key string, value V, bytes int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.values.Remove(key)
	if bytes > k.most {
		return
	}
	k.values.Add(key, sized[V]{value, bytes})
	for k.bytes += bytes; k.bytes > k.most; {
		k.values.RemoveOldest()
	}
}
