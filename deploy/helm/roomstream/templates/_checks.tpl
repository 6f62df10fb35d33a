{{/* What a schema can't say: refused before anything is rendered. */}}
{{- define "roomstream.checks" -}}
{{- $v := .Values }}
{{- if not $v.credentials.existingSecret }}{{ fail "credentials.existingSecret: name the secret with the credentials file; `kubectl create secret generic roomstream-credentials --from-file=credentials.json` makes it" }}{{ end }}
{{- $redis := list }}
{{- if $v.redis.url }}{{ $redis = append $redis "redis.url" }}{{ end }}
{{- if $v.redis.existingSecret }}{{ $redis = append $redis "redis.existingSecret" }}{{ end }}
{{- if $v.redis.own.enabled }}{{ $redis = append $redis "redis.own.enabled" }}{{ end }}
{{- if ne (len $redis) 1 }}{{ fail (printf "redis: one of redis.url, redis.existingSecret and redis.own.enabled says where Redis is; there are %d (%s)" (len $redis) (join ", " $redis)) }}{{ end }}
{{- if and $v.tokenKeys.kmsKeyId $v.tokenKeys.existingSecret }}{{ fail "tokenKeys: either kmsKeyId or existingSecret, not both" }}{{ end }}
{{- if not (or $v.tokenKeys.kmsKeyId $v.tokenKeys.existingSecret) }}{{ fail "tokenKeys: either kmsKeyId or existingSecret must say what seals chat tokens" }}{{ end }}
{{- range $name, $key := fromYaml (include "roomstream.services" .) }}
{{- $own := get $v $key }}
{{- with $own.autoscaling }}{{ if and (ne .kind "none") (gt (int .min) (int .max)) }}{{ fail (printf "%s.autoscaling: min (%d) is more than max (%d)" $key (int .min) (int .max)) }}{{ end }}{{ end }}
{{- if and $own.ingress (dig "enabled" false (default dict $own.ingress)) (not $own.ingress.host) }}{{ fail (printf "%s.ingress.host: which host is it for?" $key) }}{{ end }}
{{- if and $own.httpRoute (dig "enabled" false (default dict $own.httpRoute)) (not $own.httpRoute.parentRefs) }}{{ fail (printf "%s.httpRoute.parentRefs: which Gateway is it for?" $key) }}{{ end }}
{{- $least := int (include "roomstream.leastGrace" (dict "key" $key "own" $own)) }}
{{- if and (gt (int $own.terminationGracePeriodSeconds) 0) (lt (int $own.terminationGracePeriodSeconds) $least) }}{{ fail (printf "%s.terminationGracePeriodSeconds: %d s is too short, its stop takes up to %d s" $key (int $own.terminationGracePeriodSeconds) $least) }}{{ end }}
{{- end }}
{{- end }}

{{/* The longest graceful stop of a service, and what the kubelet needs around it. */}}
{{- define "roomstream.leastGrace" -}}
{{- if eq .key "gateway" }}{{ add .own.drain.admitSeconds (max .own.drain.seconds (ceil (divf .own.drain.mostConnections .own.drain.perSecond))) 15 }}
{{- else if eq .key "controlPlane" }}{{ add .own.stopDelaySeconds 25 }}
{{- else if eq .key "reviewWorker" }}15{{ else }}45{{ end }}
{{- end }}

{{- define "roomstream.grace" -}}
{{- $least := int (include "roomstream.leastGrace" .) }}
{{- if gt (int .own.terminationGracePeriodSeconds) 0 }}{{ int .own.terminationGracePeriodSeconds }}{{ else }}{{ $least }}{{ end }}
{{- end }}
