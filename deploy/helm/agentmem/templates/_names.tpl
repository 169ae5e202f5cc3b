{{- define "agentmem.name" -}}
{{- if contains "agentmem" .Release.Name }}{{ .Release.Name | trunc 63 | trimSuffix "-" }}{{ else }}{{ printf "%s-agentmem" .Release.Name | trunc 63 | trimSuffix "-" }}{{ end -}}
{{- end }}

{{- define "agentmem.selector" -}}
app.kubernetes.io/name: agentmem
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "agentmem.labels" -}}
{{ include "agentmem.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}
