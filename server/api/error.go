package api

// Codes of an [Error]. More may come: a client that meets an unknown one goes
// by the HTTP status.
const (
	// CodeBadParameter (400): a parameter is unknown or makes no sense.
	CodeBadParameter = "bad_parameter"
	// CodeUnauthorized (401): nobody has proved who asks.
	CodeUnauthorized = "unauthorized"
	// CodeForbidden (403): it is known who asks, and it is not for them.
	CodeForbidden = "forbidden"
	// CodeRouteNotFound (404): there is no such path.
	CodeRouteNotFound = "route_not_found"
	// CodeImageNotFound (404): no image has this name or alias.
	CodeImageNotFound = "image_not_found"
	// CodeImageRemoved (410): the catalog removed the image of this name.
	CodeImageRemoved = "image_removed"
	// CodeMethodNotAllowed (405): the route answers GET and HEAD only.
	CodeMethodNotAllowed = "method_not_allowed"
	// CodeNotAcceptable (406): nothing that Accept admits is offered.
	CodeNotAcceptable = "not_acceptable"
	// CodeContentTooLarge (413): the body has more bytes than are read.
	CodeContentTooLarge = "content_too_large"
	// CodeNotReady (503): no good snapshot yet, or the process is draining.
	CodeNotReady = "not_ready"
	// CodeOverloaded (503): load is being shed.
	CodeOverloaded = "overloaded"
	// CodeVersionNotFound (404): the catalog has no such version.
	CodeVersionNotFound = "version_not_found"
	// CodeVersionUnusable (422): the version is there, and cannot be used as a
	// catalog.
	CodeVersionUnusable = "version_unusable"
	// CodeVersionUnavailable (503): the catalog's registry cannot be asked for it.
	CodeVersionUnavailable = "version_unavailable"
	// CodeInternal (500): a defect of the service.
	CodeInternal = "internal"
)

// Error is the body of every answer with a status of 400 or more: the messages
// object itself, with a code and what helps to go on.
type Error struct {
	Messages
	Code string `json:"code"`
	// Image is the name that was asked for, taken apart; with
	// [CodeImageNotFound] and [CodeImageRemoved].
	Image *Image `json:"image,omitempty"`
	// Suggestions are short names that may have been meant, best first. With
	// [CodeImageNotFound] and [CodeImageRemoved] never nil, perhaps empty.
	Suggestions List[string] `json:"suggestions,omitzero"`
	// Tombstone comes with [CodeImageRemoved].
	Tombstone *Tombstone `json:"tombstone,omitempty"`
	// Explain comes with a spelling, if the request asks for it.
	Explain *Explanation `json:"explain,omitempty"`
}

// Tombstone is what is left of a removed image.
type Tombstone struct {
	ShortName string `json:"short_name"`
	// Date is the UTC day (2006-01-02) from which the image is gone.
	Date string `json:"date"`
	// Reason is empty where only the lifecycle's date removed the image.
	Reason string `json:"reason,omitempty"`
	// ReplacedBy is the short name to use instead.
	ReplacedBy string `json:"replaced_by,omitempty"`
}
