package harbortest

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// jsonBuf writes JSON by hand, so that a benchmark against the stand-in measures
// the client and not encoding/json here. Keys are written in the order given.
type jsonBuf struct{ b []byte }

// sep puts a comma where one is due.
func (j *jsonBuf) sep() *jsonBuf {
	if n := len(j.b); n > 0 {
		switch j.b[n-1] {
		case '{', '[', ':', ',':
		default:
			j.b = append(j.b, ',')
		}
	}
	return j
}

func (j *jsonBuf) open(c byte) *jsonBuf {
	j.sep()
	j.b = append(j.b, c)
	return j
}

func (j *jsonBuf) close(c byte) *jsonBuf {
	j.b = append(j.b, c)
	return j
}

// key writes a constant key, which needs no escaping.
func (j *jsonBuf) key(k string) *jsonBuf {
	j.sep()
	j.b = append(j.b, '"')
	j.b = append(j.b, k...)
	j.b = append(j.b, '"', ':')
	return j
}

func (j *jsonBuf) str(s string) *jsonBuf {
	j.sep()
	if !plain(s) {
		var quoted bytes.Buffer
		encoder := json.NewEncoder(&quoted)
		encoder.SetEscapeHTML(false)
		_ = encoder.Encode(s) // a string always encodes
		j.b = append(j.b, bytes.TrimSuffix(quoted.Bytes(), []byte("\n"))...)
		return j
	}
	j.b = append(j.b, '"')
	j.b = append(j.b, s...)
	j.b = append(j.b, '"')
	return j
}

// plain tells whether s stands for itself in JSON.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

func (j *jsonBuf) int(n int64) *jsonBuf {
	j.sep()
	j.b = strconv.AppendInt(j.b, n, 10)
	return j
}

func (j *jsonBuf) bool(v bool) *jsonBuf {
	j.sep()
	j.b = strconv.AppendBool(j.b, v)
	return j
}

func (j *jsonBuf) null() *jsonBuf { return j.raw("null") }

// raw writes what is JSON already.
func (j *jsonBuf) raw(s string) *jsonBuf {
	j.sep()
	j.b = append(j.b, s...)
	return j
}

func (j *jsonBuf) time(s stamp) *jsonBuf {
	j.sep()
	j.b = append(j.b, '"')
	j.b = s.time().AppendFormat(j.b, layout)
	j.b = append(j.b, '"')
	return j
}

func (j *jsonBuf) digest(d digest) *jsonBuf {
	j.sep()
	j.b = append(j.b, '"')
	j.b = d.append(j.b)
	j.b = append(j.b, '"')
	return j
}
