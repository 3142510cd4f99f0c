package archive

// ScanBlocks gives how many bytes the count of blocks sees come of a stream, and
// whether it sees its end.
func ScanBlocks(stream []byte) (inflated int, whole bool) {
	s := &scanner{data: stream}
	for !s.bad && s.inflated <= MaxInflated {
		if s.block() && !s.bad {
			return s.inflated, true
		}
	}
	return s.inflated, false
}
