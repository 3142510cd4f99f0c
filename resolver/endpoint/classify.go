package endpoint

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"syscall"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// Classify says what a failed request was: a *fault.Error with a short message
// that holds neither URLs nor credentials. The outermost *fault.Error in err's
// chain is returned as it is; anything else is [fault.Unreachable] without an
// operation or a side. The cause can still be told by errors.Is. A nil err
// gives nil.
func Classify(err error) error {
	if err == nil {
		return nil
	}
	return asFault(err)
}

func asFault(err error) *fault.Error {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // the wrapping holds the URL with its query
	}
	text, hint := describe(err)
	return &fault.Error{Kind: fault.Unreachable, Err: cause{text: text, err: err}, Hint: hint}
}

// cause shows a text in place of an error's own, and keeps the error for
// errors.Is and errors.As.
type cause struct {
	text string
	err  error
}

func (c cause) Error() string { return c.text }
func (c cause) Unwrap() error { return c.err }

// describe gives the words for an error of the network, the most telling first.
func describe(err error) (text, hint string) {
	if text, hint = describeTLS(err); text != "" {
		return text, hint
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return "the name " + plain(dns.Name) + " does not resolve", ""
		}
		return "the name " + plain(dns.Name) + " cannot be looked up now", ""
	}
	switch {
	case errors.Is(err, context.Canceled):
		return "the request was cancelled", ""
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused", ""
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the other side closed the connection", ""
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "no route to the host", ""
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), isTimeout(err):
		return "no answer in time", ""
	}
	return plain(err.Error()), ""
}

func describeTLS(err error) (text, hint string) {
	record, ok := errors.AsType[tls.RecordHeaderError](err)
	if errors.Is(err, http.ErrSchemeMismatch) || ok && string(record.RecordHeader[:]) == "HTTP/" {
		return "the host answers plain HTTP where https was expected", "if that is meant, set its url to http:// or plainHTTP"
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "its certificate is signed by an unknown authority", "give the authority's PEM file as caFile"
	}
	if h, ok := errors.AsType[x509.HostnameError](err); ok {
		return "its certificate is not for " + plain(h.Host), ""
	}
	if c, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		return "its certificate is invalid: " + plain(c.Error()), ""
	}
	if ok {
		return "the host does not speak TLS", "if it is a plain HTTP registry, set its url to http:// or plainHTTP"
	}
	if a, ok := errors.AsType[tls.AlertError](err); ok {
		return plain(a.Error()), ""
	}
	return "", ""
}

func isTimeout(err error) bool {
	t, ok := errors.AsType[net.Error](err)
	return ok && t.Timeout()
}
