{{- define "bayplan.selector" -}}
name: {{ .Release.Name | quote }}
{{- end }}

{{- define "bayplan.labels" -}}
{{ include "bayplan.selector" . }}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | regexFind "^.*[A-Za-z0-9]" }}
{{- end }}

{{- define "bayplan.image" -}}
{{ .Values.image.name }}:{{ .Values.image.tag }}{{ with .Values.image.digest }}@{{ . }}{{ end }}
{{- end }}

{{/* Nine tenths of the limit, in MiB: below it garbage is collected harder and load is shed. */}}
{{- define "bayplan.gomemlimit" -}}
{{- $mebibytes := regexFind "^[0-9]+" .Values.memory | int64 -}}
{{- if hasSuffix "Gi" .Values.memory }}{{ $mebibytes = mul $mebibytes 1024 }}{{ end -}}
{{- if lt (int64 $mebibytes) 64 }}{{ fail "memory: the program itself takes some 60 MiB: give it 64Mi or more" }}{{ end -}}
{{- printf "%dMiB" (div (mul $mebibytes 9) 10) -}}
{{- end }}

{{- define "bayplan.server-certificate" -}}
{{ .Release.Name }}-api-gateway-server
{{- end }}

{{/* In the ConfigMap's namespace, where other releases have theirs too. */}}
{{- define "bayplan.role" -}}
{{ printf "%s.%s-reads-%s" .Release.Namespace .Release.Name .Values.configMap.name | trunc 253 | quote }}
{{- end }}

{{- define "bayplan.registries-secret" -}}
{{- if .Values.credentials.existingSecret -}}
{{- if .Values.credentials.registries }}{{ fail "credentials: give registries or existingSecret, not both" }}{{ end -}}
{{- .Values.credentials.existingSecret -}}
{{- else if .Values.credentials.registries -}}
{{- .Release.Name }}-registries
{{- end -}}
{{- end }}

{{- define "bayplan.webhook-secret" -}}
{{- if .Values.webhook.existingSecret -}}
{{- if .Values.webhook.secret }}{{ fail "webhook: give secret or existingSecret, not both" }}{{ end -}}
{{- .Values.webhook.existingSecret -}}
{{- else if .Values.webhook.secret -}}
{{- if not (regexMatch "^[!-~][ -~]{14,}[!-~](\\r?\\n[!-~][ -~]{14,}[!-~])?[\\r\\n]*$" .Values.webhook.secret) }}{{ fail "webhook.secret: one line, or two (a new one and the one before), each of 16 printable ASCII characters or more without spaces around them" }}{{ end -}}
{{- .Release.Name }}-webhook
{{- end -}}
{{- end }}

{{/* The catalog to serve; the only ConfigMap that may be read is the one that there are rights for. */}}
{{- define "bayplan.catalog" -}}
{{- $readable := printf "configmap://%s/%s" .Values.configMap.namespace .Values.configMap.name -}}
{{- $catalog := .Values.config.catalog | default $readable -}}
{{- if hasPrefix "configmap://" $catalog -}}
{{- if ne $catalog $readable }}{{ fail (printf "config.catalog: %s is not what configMap names, %s: the right to read it would be missing" $catalog $readable) }}{{ end -}}
{{- if not .Values.configMap.read }}{{ fail "config.catalog: the ConfigMap is served, and configMap.read is false" }}{{ end -}}
{{- end -}}
{{- $catalog -}}
{{- end }}

{{/* The settings file. What the chart decides goes before what config says; the schema refuses it there. */}}
{{- define "bayplan.settings" -}}
{{- $own := dict
  "catalog" (include "bayplan.catalog" .)
  "listen" ":8443"
  "operationsListen" ":9000"
  "tlsCert" "/etc/bayplan/tls/tls.crt"
  "tlsKey" "/etc/bayplan/tls/tls.key"
  "clientCa" "/etc/bayplan/tls/ca.crt"
  "stateDir" "/var/lib/bayplan/state"
  "shutdownDelay" (printf "%ds" (int .Values.drain.delay))
  "shutdownGrace" (printf "%ds" (int .Values.drain.grace)) -}}
{{- if .Values.seed.fromPeers }}
{{- if .Values.seed.url }}{{ fail "seed: give fromPeers or url, not both" }}{{ end -}}
{{- $_ := set $own "seed" (printf "https://%s.%s.svc:8443" .Release.Name .Release.Namespace) }}
{{- $_ := set $own "seedCa" "/etc/bayplan/tls/ca.crt" }}
{{- end -}}
{{- if .Values.seed.url }}
{{- if and (hasPrefix "http://" .Values.seed.url) (not .Values.seed.keyring) }}{{ fail "seed.url: nothing proves who answers: use https, or a signed export with seed.keyring" }}{{ end -}}
{{- if and .Values.seed.keyring (not (hasSuffix ".json" .Values.seed.url)) }}{{ fail "seed.keyring: a running Bayplan signs nothing: seed.url names a signed export (….json)" }}{{ end -}}
{{- $_ := set $own "seed" .Values.seed.url }}
{{- if .Values.seed.authorities }}{{ $_ := set $own "seedCa" "/etc/bayplan/seed-authorities.pem" }}{{ end -}}
{{- if .Values.seed.keyring }}{{ $_ := set $own "seedKeyring" "/etc/bayplan/seed-keyring.asc" }}{{ end -}}
{{- else if or .Values.seed.authorities .Values.seed.keyring }}{{ fail "seed.authorities, seed.keyring: they are about seed.url, which is not given" }}
{{- end -}}
{{- if .Values.keyring }}{{ $_ := set $own "keyring" "/etc/bayplan/keyring.asc" }}{{ end -}}
{{- if include "bayplan.webhook-secret" . }}{{ $_ := set $own "webhookSecretFile" "/etc/bayplan/webhook/secret" }}{{ end -}}
{{- toYaml (merge $own .Values.config) -}}
{{- end }}

{{- define "bayplan.pod-security" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "bayplan.container-security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}
