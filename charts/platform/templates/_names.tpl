{{- /* Names and labels. Arguments are a dict with "root" (the chart's scope) and "id" (a component or job). */ -}}

{{- define "platform.name" -}}
{{- printf "%s-%s" .root.Values.install.name .id -}}
{{- end }}

{{- /* Name of a Secret of a unit: "prefix" (files, env), "id". A digest of its contents ends it, so that other contents are another Secret. */ -}}
{{- define "platform.secretName" -}}
{{- $name := include "platform.name" (dict "root" .root "id" (printf "%s-%s" .prefix .id)) -}}
{{- with get .root.Values.secretDigests .id -}}
{{- printf "%s-%s" $name (trunc 10 .) -}}
{{- else -}}
{{- $name -}}
{{- end -}}
{{- end }}

{{- /* What tells whether the objects of a unit are as they should be: "root", "id", "pod". On the object, because on a pod they would restart it. */ -}}
{{- define "platform.specAnnotations" -}}
slipway.dev/spec-hash: {{ toJson .pod.specHash }}
{{- with get .root.Values.secretDigests .id }}
slipway.dev/secret-digest: {{ toJson . }}
{{- end }}
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
