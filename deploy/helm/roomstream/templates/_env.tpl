{{/* The environment of a service: what the chart knows, then what values add. Takes root, service, key, own. */}}
{{- define "roomstream.env" -}}
{{- $v := .root.Values }}
{{- $env := dict "ROOMSTREAM_REGION" $v.region }}
{{- $hasTokens := has .service (list "gateway" "control-plane") }}
{{- if $v.redis.own.enabled }}{{ $_ := set $env "REDIS_URL" (printf "redis://%s-redis:6379" (include "roomstream.fullname" .root)) }}
{{- else if $v.redis.url }}{{ $_ := set $env "REDIS_URL" $v.redis.url }}
{{- else }}{{ $_ := set $env "REDIS_URL_FILE" "/etc/roomstream/redis/url" }}{{ end }}
{{- if and $v.records.existingSecret (ne .service "review-worker") }}{{ $_ := set $env "ROOMSTREAM_RECORDS_REDIS_URL_FILE" "/etc/roomstream/records/url" }}{{ end }}
{{- if $hasTokens }}
{{- if $v.tokenKeys.kmsKeyId }}{{ $_ := set $env "ROOMSTREAM_KMS_KEY_ID" $v.tokenKeys.kmsKeyId }}
{{- else }}{{ $_ := set $env "ROOMSTREAM_TOKEN_KEY_FILE" "/etc/roomstream/token-keys/token.keys" }}{{ end }}
{{- end }}
{{- if and $v.accounts (ne .service "log-shipper") }}{{ $_ := set $env "ROOMSTREAM_ACCOUNTS_FILE" "/etc/roomstream/accounts/accounts.json" }}{{ end }}
{{- $stop := sub (int (include "roomstream.grace" .)) 5 }}
{{- $_ := set $env "ROOMSTREAM_STOP_SECONDS" (toString $stop) }}
{{- if eq .service "gateway" }}
{{- $_ := set $env "ROOMSTREAM_GATEWAY_ADMIT_WHILE_DRAINING_SECONDS" (toString .own.drain.admitSeconds) }}
{{- $_ := set $env "ROOMSTREAM_GATEWAY_DRAIN_SECONDS" (toString .own.drain.seconds) }}
{{- $_ := set $env "ROOMSTREAM_GATEWAY_DRAIN_PER_SECOND" (include "roomstream.text" .own.drain.perSecond) }}
{{- end }}
{{- if eq .service "control-plane" }}
{{- $_ := set $env "ROOMSTREAM_CREDENTIALS_FILE" "/etc/roomstream/credentials/credentials.json" }}
{{- $_ := set $env "ROOMSTREAM_CONTROL_PLANE_STOP_DELAY_SECONDS" (toString .own.stopDelaySeconds) }}
{{- end }}
{{- if and (eq .service "review-worker") $v.reviewHandlers.existingSecret }}{{ $_ := set $env "ROOMSTREAM_REVIEW_HANDLERS_FILE" "/etc/roomstream/review-handlers/handlers.json" }}{{ end }}
{{- if and .own.tls (dig "existingSecret" "" (default dict .own.tls)) }}
{{- $area := .service | upper | replace "-" "_" }}
{{- $_ := set $env (printf "ROOMSTREAM_%s_TLS_CERT_FILE" $area) "/etc/roomstream/tls/tls.crt" }}
{{- $_ := set $env (printf "ROOMSTREAM_%s_TLS_KEY_FILE" $area) "/etc/roomstream/tls/tls.key" }}
{{- end }}
{{- range $name, $value := mergeOverwrite $env (deepCopy $v.env) (deepCopy .own.env) }}
- name: {{ $name }}
  value: {{ include "roomstream.text" $value | quote }}
{{- end }}
{{- end }}

{{/* A value as text; YAML's whole numbers are floats to the template, and would be written as 1e+06. */}}
{{- define "roomstream.text" -}}
{{- if and (kindIs "float64" .) (eq (floor .) (float64 .)) }}{{ int64 . }}{{ else }}{{ . }}{{ end }}
{{- end }}

{{/* Files of a service: a name, and where they come from. Takes root, service, own. */}}
{{- define "roomstream.files" -}}
{{- $v := .root.Values }}
{{- $hasTokens := has .service (list "gateway" "control-plane") }}
{{- if $v.redis.existingSecret }}
redis: { secret: { secretName: {{ $v.redis.existingSecret | quote }}, items: [{ key: {{ $v.redis.existingSecretKey | quote }}, path: url }] } }
{{- end }}
{{- if and $v.records.existingSecret (ne .service "review-worker") }}
records: { secret: { secretName: {{ $v.records.existingSecret | quote }}, items: [{ key: {{ $v.records.existingSecretKey | quote }}, path: url }] } }
{{- end }}
{{- if and $hasTokens $v.tokenKeys.existingSecret }}
token-keys: { secret: { secretName: {{ $v.tokenKeys.existingSecret | quote }}, items: [{ key: {{ $v.tokenKeys.existingSecretKey | quote }}, path: token.keys }] } }
{{- end }}
{{- if and $v.accounts (ne .service "log-shipper") }}
accounts: { configMap: { name: {{ include "roomstream.fullname" .root }}-accounts } }
{{- end }}
{{- if eq .service "control-plane" }}
credentials: { secret: { secretName: {{ $v.credentials.existingSecret | quote }}, items: [{ key: {{ $v.credentials.existingSecretKey | quote }}, path: credentials.json }] } }
{{- end }}
{{- if and (eq .service "review-worker") $v.reviewHandlers.existingSecret }}
review-handlers: { secret: { secretName: {{ $v.reviewHandlers.existingSecret | quote }}, items: [{ key: {{ $v.reviewHandlers.existingSecretKey | quote }}, path: handlers.json }] } }
{{- end }}
{{- if and .own.tls (dig "existingSecret" "" (default dict .own.tls)) }}
tls: { secret: { secretName: {{ .own.tls.existingSecret | quote }} } }
{{- end }}
{{- end }}
