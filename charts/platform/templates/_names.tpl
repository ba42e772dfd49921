{{- /* Names and labels. Arguments are a dict with "root" (the chart's scope) and "id" (a component or job). */ -}}

{{- define "platform.name" -}}
{{- printf "%s-%s" .root.Values.install.name .id -}}
{{- end }}

{{- /* What selectors use: it never changes for the life of an object. */ -}}
{{- define "platform.selector" -}}
app.kubernetes.io/name: {{ toJson .id }}
app.kubernetes.io/instance: {{ toJson .root.Values.install.name }}
{{- end }}

{{- /* Labels of pods: nothing that an upgrade changes, because a changed pod template starts every pod anew. */ -}}
{{- define "platform.podLabels" -}}
{{ include "platform.selector" . }}
app.kubernetes.io/part-of: slipway
{{- end }}

{{- /* Labels of the release's own objects; not of pods. */ -}}

{{- define "platform.labels" -}}
{{ include "platform.podLabels" . }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/version: {{ .root.Values.install.version | toJson }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}
