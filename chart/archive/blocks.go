package archive

import "fmt"

// MaxBlocks bounds the blocks of a compressed archive. Each may bring codes of its
// own, which take a decoder microseconds to learn and a dozen bytes to write. Usual
// compressors write one for some ten thousand bytes; one with hardly any memory
// writes one for a hundred.
const MaxBlocks = 1000

// checkBlocks refuses a deflate stream (RFC 1951) with too many blocks, before a
// decoder learns all their codes. It learns codes in the cheapest way, looks at no
// content, and takes at least what a decoder takes: where a stream is damaged it
// stops, and the decoder says so when it gets there. One that inflates to too much
// need not be inflated to see that.
func checkBlocks(stream []byte) error {
	s := &scanner{data: stream}
	for blocks := 1; ; blocks++ {
		if blocks > MaxBlocks {
			return fmt.Errorf("the archive is compressed in more than %d blocks: %w", MaxBlocks, ErrTooLarge)
		}
		last := s.block()
		if s.inflated > MaxInflated {
			return errInflated
		}
		if last || s.bad {
			return nil
		}
	}
}

// scanner reads the structure of a deflate stream.
type scanner struct {
	data     []byte
	at       int    // the next byte
	hold     uint64 // bits that were read and not taken yet
	held     uint
	bad      bool // it is damaged, or ended
	inflated int  // bytes that came of it so far
}

// take gives some bits, 16 at most.
func (s *scanner) take(n uint) int {
	for s.held < n {
		if s.at >= len(s.data) {
			s.bad = true
			return 0
		}
		s.hold |= uint64(s.data[s.at]) << s.held
		s.at++
		s.held += 8
	}
	bits := int(s.hold & (1<<n - 1))
	s.hold >>= n
	s.held -= n
	return bits
}

// block reads one block, and tells whether it says to be the last.
func (s *scanner) block() (last bool) {
	last = s.take(1) == 1
	switch s.take(2) {
	case 0:
		s.stored()
	case 1:
		s.content(fixedLiterals, fixedDistances)
	case 2:
		literals, distances := s.codes()
		s.content(literals, distances)
	default:
		s.bad = true
	}
	return last
}

func (s *scanner) stored() {
	s.take(s.held % 8) // the rest of the byte
	length, check := s.take(16), s.take(16)
	if s.bad || length != check^0xffff {
		s.bad = true
		return
	}
	s.at -= int(s.held / 8) // bytes that were read ahead
	s.hold, s.held = 0, 0
	if s.at += length; s.at > len(s.data) {
		s.bad = true
	}
	s.inflated += length
}

// codes reads the codes of a block.
func (s *scanner) codes() (literals, distances *code) {
	literal, distance, lengths := s.take(5)+257, s.take(5)+1, s.take(4)+4
	if literal > 286 || distance > 30 {
		s.bad = true
		return nil, nil
	}
	var of [19]uint8
	for n := range lengths {
		of[lengthOrder[n]] = uint8(s.take(3))
	}
	meta := newCode(of[:])
	var all [286 + 30]uint8
	for n := 0; n < literal+distance && !s.bad; {
		symbol, times := s.symbol(meta), 1
		value := uint8(symbol)
		switch {
		case symbol < 16:
		case symbol == 16:
			if n == 0 {
				s.bad = true
				return nil, nil
			}
			value, times = all[n-1], 3+s.take(2)
		case symbol == 17:
			value, times = 0, 3+s.take(3)
		default:
			value, times = 0, 11+s.take(7)
		}
		if n+times > literal+distance {
			s.bad = true
			return nil, nil
		}
		for ; times > 0; times-- {
			all[n] = value
			n++
		}
	}
	if s.bad {
		return nil, nil
	}
	return newCode(all[:literal]), newCode(all[literal : literal+distance])
}

// content reads what follows the codes.
func (s *scanner) content(literals, distances *code) {
	for !s.bad && s.inflated <= MaxInflated {
		symbol := s.symbol(literals)
		switch {
		case s.bad || symbol == 256:
			return
		case symbol < 256:
			s.inflated++
			continue
		case symbol > 285:
			s.bad = true
			return
		}
		s.inflated += int(lengthBase[symbol-257]) + s.take(uint(lengthExtra[symbol-257]))
		far := s.symbol(distances)
		if far > 29 {
			s.bad = true
			return
		}
		if far > 3 {
			s.take(uint(far/2 - 1))
		}
	}
}

// symbol reads one.
func (s *scanner) symbol(c *code) int {
	if c == nil {
		s.bad = true
		return 0
	}
	for s.held < 15 && s.at < len(s.data) {
		s.hold |= uint64(s.data[s.at]) << s.held
		s.at++
		s.held += 8
	}
	word, first, index := 0, 0, 0
	for length := uint(1); length <= min(15, s.held); length++ {
		word |= int(s.hold>>(length-1)) & 1
		count := int(c.count[length])
		if word-first < count {
			s.hold >>= length
			s.held -= length
			return int(c.symbols[index+word-first])
		}
		index += count
		first = (first + count) << 1
		word <<= 1
	}
	s.bad = true
	return 0
}

// code is a canonical Huffman code.
type code struct {
	count   [16]uint16 // symbols by the length of their words
	symbols [288]uint16
}

// newCode makes one of the lengths of its words; nil if there are more words than
// can be. One with fewer is taken: a decoder may take some of these.
func newCode(lengths []uint8) *code {
	c := &code{}
	for _, n := range lengths {
		c.count[n]++
	}
	c.count[0] = 0
	var at [17]uint16
	left := 1
	for n := 1; n <= 15; n++ {
		if left = left<<1 - int(c.count[n]); left < 0 {
			return nil
		}
		at[n+1] = at[n] + c.count[n]
	}
	for symbol, n := range lengths {
		if n > 0 {
			c.symbols[at[n]] = uint16(symbol)
			at[n]++
		}
	}
	return c
}

// Tables of RFC 1951, section 3.2.5 to 3.2.7.
var (
	lengthOrder = [19]int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
	lengthBase  = [29]uint16{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	lengthExtra = [29]uint8{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}

	fixedLiterals, fixedDistances = fixedCodes()
)

func fixedCodes() (literals, distances *code) {
	var lengths [288]uint8
	for symbol := range lengths {
		switch {
		case symbol < 144, symbol >= 280:
			lengths[symbol] = 8
		case symbol < 256:
			lengths[symbol] = 9
		default:
			lengths[symbol] = 7
		}
	}
	fives := [30]uint8{}
	for n := range fives {
		fives[n] = 5
	}
	return newCode(lengths[:]), newCode(fives[:])
}
