{{/* The name in front of all objects. */}}
{{- define "roomstream.fullname" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{/* Services, and where their values stand. */}}
{{- define "roomstream.services" -}}
gateway: gateway
control-plane: controlPlane
review-worker: reviewWorker
log-shipper: logShipper
{{- end }}

{{/* Labels that never change: selectors. Takes root and service. */}}
{{- define "roomstream.selector" -}}
app.kubernetes.io/name: roomstream
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .service }}
{{- end }}

{{/* All labels. Takes root and service. */}}
{{- define "roomstream.labels" -}}
{{ include "roomstream.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "roomstream.serviceAccountName" -}}
{{- if .Values.serviceAccount.name }}{{ .Values.serviceAccount.name }}{{ else if .Values.serviceAccount.create }}{{ include "roomstream.fullname" . }}{{ else }}default{{ end }}
{{- end }}

{{- define "roomstream.image" -}}
{{ .root.Values.image.repository }}/{{ .service }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end }}
