{{- /* The settings that every container has. */ -}}
{{- define "platform.containerSecurity" -}}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ . }}
  runAsGroup: {{ . }}
  allowPrivilegeEscalation: false
  privileged: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
  seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "platform.resources" -}}
{{- $cluster := .root.Values.cluster -}}
{{- $milli := mulf .cpus 1000 | ceil | int -}}
resources:
  requests:
    {{- /* Pods of a node share its processors in the measure of their requests. */}}
    cpu: {{ if .yields }}1{{ else }}{{ max 1 (div (mul $milli $cluster.cpuRequestPercent) 100) }}{{ end }}m
    memory: {{ int64 .memoryMiB }}Mi
    ephemeral-storage: {{ $cluster.ephemeralStorage.request }}
  limits:
    cpu: {{ $milli }}m
    memory: {{ int64 .memoryMiB }}Mi
    ephemeral-storage: {{ $cluster.ephemeralStorage.limit }}
{{- end }}

{{- /* One container from a unit: "root", "unit". The caller adds ports and probes. */ -}}
{{- define "platform.container" -}}
{{- $root := .root -}}
{{- $unit := .unit -}}
name: {{ $unit.id }}
image: {{ $unit.image | toJson }}
imagePullPolicy: {{ $root.Values.pullPolicy }}
{{- with $unit.entrypoint }}
command: {{ include "platform.words" . }}
{{- end }}
{{- with $unit.command }}
args: {{ include "platform.words" . }}
{{- end }}
{{- with $unit.env }}
env:
  {{- range . }}
  - name: {{ toJson .name }}
    {{- if .secret }}
    valueFrom: { secretKeyRef: { name: {{ include "platform.secretName" (dict "root" $root "prefix" "env" "id" $unit.id) }}, key: {{ toJson .name }} } }
    {{- else }}
    value: {{ include "platform.literal" .value }}
    {{- end }}
  {{- end }}
{{- end }}
{{ include "platform.containerSecurity" $unit.uid }}
{{ include "platform.resources" (dict "root" $root "cpus" $unit.resources.cpus "memoryMiB" $unit.resources.memoryMiB "yields" $unit.resources.yields) }}
{{- $folderMounts := list }}
{{- if include "platform.imageVolumes" $root }}
{{- $folderMounts = $unit.folderMounts | default list }}
{{- end }}
{{- if or $unit.mounts $folderMounts $unit.configFiles $unit.secretFiles $unit.notices $unit.scratch }}
volumeMounts:
  {{- range $unit.mounts }}
  - name: {{ toJson .volume }}
    mountPath: {{ toJson .path }}
    {{- if not .whole }}
    subPath: {{ .folder | default .volume | toJson }}
    {{- end }}
    {{- if .readOnly }}
    readOnly: true
    {{- end }}
  {{- end }}
  {{- range $folderMounts }}
  {{- if .folder }}
  - { name: {{ toJson .volume }}, mountPath: {{ toJson .path }}, subPath: {{ toJson .folder }}, readOnly: true }
  {{- else }}
  - { name: {{ toJson .volume }}, mountPath: {{ toJson .path }}, readOnly: {{ .readOnly | default false }} }
  {{- end }}
  {{- end }}
  {{- range $unit.configFiles }}
  - { name: config-{{ $unit.id }}, mountPath: {{ toJson .path }}, subPath: {{ toJson .key }}, readOnly: true }
  {{- end }}
  {{- range $unit.secretFiles }}
  - { name: secret-{{ $unit.id }}, mountPath: {{ toJson .path }}, subPath: {{ toJson .key }}, readOnly: true }
  {{- end }}
  {{- /* The whole folder: a ConfigMap mounted file by file is never refreshed in a running pod. */}}
  {{- with $unit.notices }}
  - { name: notices-{{ $unit.id }}, mountPath: {{ toJson . }}, readOnly: true }
  {{- end }}
  {{- range $index, $scratch := $unit.scratch }}
  - { name: scratch-{{ $unit.id }}-{{ $index }}, mountPath: {{ toJson $scratch.path }} }
  {{- end }}
{{- end }}
{{- end }}

{{- /* A string as YAML, ASCII only: JSON would leave control characters that the YAML reader refuses. */ -}}
{{- define "platform.text" -}}
{{- printf "%+q" . -}}
{{- end }}

{{- /* Kubernetes reads "$(NAME)" and "$$" in env values and arguments; doubling every dollar carries them through as they are. */ -}}
{{- define "platform.literal" -}}
{{- include "platform.text" (replace "$" "$$" .) -}}
{{- end }}

{{- define "platform.words" -}}
[{{ range $index, $word := . }}{{ if $index }}, {{ end }}{{ include "platform.literal" $word }}{{ end }}]
{{- end }}

{{- /* The volumes of a unit, but for claims. */ -}}
{{- define "platform.unitVolumes" -}}
{{- $root := .root -}}
{{- $unit := .unit -}}
{{- if $unit.configFiles }}
- name: config-{{ $unit.id }}
  configMap: { name: {{ include "platform.name" (dict "root" $root "id" (printf "config-%s" $unit.id)) }}, defaultMode: 0444 }
{{- end }}
{{- if $unit.secretFiles }}
- name: secret-{{ $unit.id }}
  secret: { secretName: {{ include "platform.secretName" (dict "root" $root "prefix" "files" "id" $unit.id) }}, defaultMode: 0400 }
{{- end }}
{{- if $unit.notices }}
- name: notices-{{ $unit.id }}
  configMap: { name: {{ include "platform.name" (dict "root" $root "id" (printf "notices-%s" $unit.id)) }}, defaultMode: 0444, optional: true }
{{- end }}
{{- range $index, $scratch := $unit.scratch }}
- name: scratch-{{ $unit.id }}-{{ $index }}
  emptyDir: { medium: Memory, sizeLimit: {{ int64 $scratch.sizeMiB }}Mi }
{{- end }}
{{- end }}

{{- /* Whether pods may mount folders of images; empty means no. Kubernetes 1.35 is the first to do it unless told otherwise. */ -}}
{{- define "platform.imageVolumes" -}}
{{- $mode := .Values.cluster.imageVolumes -}}
{{- if or (eq $mode "always") (and (eq $mode "auto") (semverCompare ">=1.35.0-0" .Capabilities.KubeVersion.Version)) -}}
yes
{{- end -}}
{{- end }}
