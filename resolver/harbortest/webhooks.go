package harbortest

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"
)

// The formats of a webhook's payload.
const (
	FormatDefault     = "Default"
	FormatCloudEvents = "CloudEvents"
)

// The events that a webhook can ask for.
const (
	EventPush   = "PUSH_ARTIFACT"
	EventPull   = "PULL_ARTIFACT"
	EventDelete = "DELETE_ARTIFACT"
)

// Webhook is a policy of a project.
type Webhook struct {
	// Name is for people.
	Name string
	// Address is where events are posted to.
	Address string
	// AuthHeader is sent as Authorization, word for word; none if empty.
	AuthHeader string
	// Format is [FormatDefault] or [FormatCloudEvents]; the former if empty.
	Format string
	// Events are those wanted; all three if empty.
	Events []string
	// Disabled keeps the policy and sends nothing.
	Disabled bool
}

// Delivery is one attempt to deliver an event.
type Delivery struct {
	// Event is its type, "PUSH_ARTIFACT".
	Event string
	// Address is where it went.
	Address string
	// Attempt counts from one.
	Attempt int
	// Status is what the receiver answered; zero if it could not be reached.
	Status int
}

// policy is a webhook as a project has it.
type policy struct {
	Webhook
	id        int64
	project   string
	projectID int64
	created   stamp
}

// webhooks deliver events behind the requests that caused them, each on its own,
// so that they arrive in no particular order.
type webhooks struct {
	delay   time.Duration
	retries []time.Duration
	client  *http.Client
	ctx     context.Context
	cancel  context.CancelFunc

	mu         sync.Mutex
	last       int64
	policies   []policy
	deliveries []Delivery
	pending    int
	idle       chan struct{} // closed while nothing is pending
}

// deliveryTimeout bounds one attempt.
const deliveryTimeout = 10 * time.Second

func newWebhooks(opts Options) *webhooks {
	ctx, cancel := context.WithCancel(context.Background())
	idle := make(chan struct{})
	close(idle)
	return &webhooks{
		delay: opts.WebhookDelay, retries: opts.WebhookRetries, client: &http.Client{Timeout: deliveryTimeout},
		ctx: ctx, cancel: cancel, idle: idle,
	}
}

func (w *webhooks) close() { w.cancel() }

// AddWebhook adds a policy to a project and gives its number.
func (h *Harbor) AddWebhook(projectName string, hook Webhook) int64 {
	if hook.Format == "" {
		hook.Format = FormatDefault
	}
	if len(hook.Events) == 0 {
		hook.Events = []string{EventPush, EventDelete, EventPull}
	}
	added := policy{Webhook: hook, project: projectName, created: h.stamp()}
	h.mu.RLock()
	if p := h.state.projects[projectName]; p != nil {
		added.projectID = p.id
	}
	h.mu.RUnlock()
	h.hooks.mu.Lock()
	defer h.hooks.mu.Unlock()
	h.hooks.last++
	added.id = h.hooks.last
	h.hooks.policies = append(h.hooks.policies, added)
	return h.hooks.last
}

// RemoveWebhook removes a policy by its number.
func (h *Harbor) RemoveWebhook(id int64) {
	h.hooks.mu.Lock()
	defer h.hooks.mu.Unlock()
	h.hooks.policies = slices.DeleteFunc(h.hooks.policies, func(p policy) bool { return p.id == id })
}

// Deliveries gives all attempts so far, in the order they ended.
func (h *Harbor) Deliveries() []Delivery {
	h.hooks.mu.Lock()
	defer h.hooks.mu.Unlock()
	return slices.Clone(h.hooks.deliveries)
}

// WaitDelivered waits until no event is under way any more, retries included.
func (h *Harbor) WaitDelivered(ctx context.Context) error {
	h.hooks.mu.Lock()
	idle := h.hooks.idle
	h.hooks.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// in gives the policies of a project.
func (w *webhooks) in(projectName string) []policy {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(w.policies), func(p policy) bool { return p.project != projectName })
}

// send starts the delivery of an event to a policy.
func (w *webhooks) send(p policy, e event) {
	w.mu.Lock()
	if w.pending == 0 {
		w.idle = make(chan struct{})
	}
	w.pending++
	w.mu.Unlock()
	go func() {
		w.deliver(p, e)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.pending--
		if w.pending == 0 {
			close(w.idle)
		}
	}()
}

// deliver tries until the receiver takes the event; after the last try it is lost.
func (w *webhooks) deliver(p policy, e event) {
	if w.delay > 0 && !wait(w.ctx, w.delay) {
		return
	}
	for attempt := 0; ; attempt++ {
		status := w.post(p, e)
		w.mu.Lock()
		w.deliveries = append(w.deliveries, Delivery{Event: e.kind, Address: p.Address, Attempt: attempt + 1, Status: status})
		w.mu.Unlock()
		if status >= 200 && status < 300 || attempt >= len(w.retries) || !wait(w.ctx, w.retries[attempt]) {
			return
		}
	}
}
