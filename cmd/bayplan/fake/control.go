package fake

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// maxControl bounds what is sent to the control routes, in bytes.
const maxControl = 1 << 20

// faultList is what the control route of faults takes, and answers with how often
// each struck.
type faultList struct {
	Faults []string `json:"faults"`
	Struck []int    `json:"struck,omitempty"`
}

// Control gives the routes by which a test changes the platform: GET, POST (all
// anew) and DELETE /fake/faults, and POST /fake/images. They answer once settle
// returns, which lets Bayplan look at what it asks.
func (f *Fake) Control(settle func(context.Context)) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /fake/faults", func(w http.ResponseWriter, _ *http.Request) { f.answerFaults(w) })
	mux.HandleFunc("DELETE /fake/faults", func(w http.ResponseWriter, r *http.Request) {
		_ = f.replace(r.Context(), nil, settle) // nothing is no bad fault
		f.answerFaults(w)
	})
	mux.HandleFunc("POST /fake/faults", func(w http.ResponseWriter, r *http.Request) {
		var wanted faultList
		if !taken(w, r, &wanted) {
			return
		}
		if err := f.replace(r.Context(), wanted.Faults, settle); err != nil {
			answer(w, http.StatusBadRequest, map[string]any{"error": []string{err.Error()}})
			return
		}
		f.answerFaults(w)
	})
	mux.HandleFunc("POST /fake/images", func(w http.ResponseWriter, r *http.Request) {
		var more struct {
			Tools map[string]Tool `json:"tools"`
		}
		if !taken(w, r, &more) {
			return
		}
		if err := f.Push(more.Tools); err != nil {
			answer(w, http.StatusBadRequest, map[string]any{"error": []string{err.Error()}})
			return
		}
		answer(w, http.StatusOK, more)
	})
	return mux
}

// replace replaces the faults. If there were or are some behind Bayplan, it has
// noticed by the end.
func (f *Fake) replace(ctx context.Context, texts []string, settle func(context.Context)) error {
	before := f.Faults.behind()
	if err := f.Faults.Set(texts); err != nil {
		return err
	}
	if before || f.Faults.behind() {
		settle(ctx)
	}
	return nil
}

func (f *Fake) answerFaults(w http.ResponseWriter) {
	answer(w, http.StatusOK, faultList{Faults: f.Faults.List(), Struck: f.Faults.Struck()})
}

// taken reads the body of a request, or answers that it makes no sense.
func taken(w http.ResponseWriter, r *http.Request, out any) bool {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxControl))
	if err == nil {
		err = decodeStrictly(text, out)
	}
	if err != nil {
		answer(w, http.StatusBadRequest, map[string]any{"error": []string{fmt.Sprintf("the body is not what is taken here: %s", err)}})
		return false
	}
	return true
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", typeJSON)
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(body) // who left needs no answer
}
