package api

// Names of the events of GET /v1/events and GET /v1/tool/{toolname}/events, and
// the type of their data. More words may come.
const (
	EventStart    = "start"    // [ListEvent]: the first one for whoever begins now
	EventReset    = "reset"    // [ListEvent]: list again
	EventAdded    = "added"    // [ImageEvent]
	EventChanged  = "changed"  // [ImageEvent]
	EventRemoved  = "removed"  // [ImageEvent]
	EventSource   = "source"   // [SourceEvent]
	EventMessages = "messages" // [MessagesEvent]
)

// ListEvent is the data of [EventStart] and [EventReset].
type ListEvent struct {
	// ETag is that of the list, uncompressed, to which what follows applies.
	ETag string `json:"etag"`
}

// ImageEvent is the data of [EventAdded], [EventChanged] and [EventRemoved].
type ImageEvent struct {
	ShortName string `json:"short_name"`
	// Image is the record as the list has it now; nil once it is gone.
	Image *Image `json:"image,omitempty"`
	// Before is the record as the list had it; nil if it had none.
	Before *Image `json:"before,omitempty"`
}

// SourceEvent is the data of [EventSource]: each record of type buildservice
// whose live source it is has stale now, or has it no more.
type SourceEvent struct {
	Source string `json:"source"`
	Stale  bool   `json:"stale"`
}

// MessagesEvent is the data of [EventMessages]: the messages of the list.
type MessagesEvent struct {
	Messages Messages `json:"messages"`
}
