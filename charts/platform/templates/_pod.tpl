{{- /* The pod template of a component or job: "root", "id", "pod" (its data), "restart". "component" is set for what keeps running. */ -}}
{{- define "platform.podTemplate" -}}
{{- $root := .root -}}
{{- $pod := .pod -}}
{{- $uid := $pod.unit.uid -}}
metadata:
  labels:
    {{- include "platform.podLabels" . | nindent 4 }}
    slipway.dev/zone: {{ .zone }}
  annotations:
    slipway.dev/config-hash: {{ $pod.configHash | toJson }}
    {{- include "platform.secretDigests" . | trim | nindent 4 }}
    kubectl.kubernetes.io/default-container: {{ toJson .id }}
spec:
  serviceAccountName: {{ include "platform.name" . }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- with $root.Values.cluster.imagePullSecrets }}
  imagePullSecrets: {{ toJson . }}
  {{- end }}
  restartPolicy: {{ .restart }}
  {{- if .component }}
  terminationGracePeriodSeconds: {{ $pod.stopSeconds }}
  {{- if gt (int $pod.replicas) 1 }}
  {{- include "platform.spread" . | trim | nindent 2 }}
  {{- end }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: {{ $uid }}
    runAsGroup: {{ $uid }}
    fsGroup: {{ $uid }}
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile: { type: RuntimeDefault }
  {{- include "platform.steps" . | trim | nindent 2 }}
  containers:
    - {{- include "platform.container" (dict "root" $root "unit" $pod.unit) | nindent 6 }}
      {{- if .component }}
      {{- include "platform.serving" $pod | trim | nindent 6 }}
      {{- end }}
  {{- $volumes := include "platform.podVolumes" . | trim }}
  {{- with $volumes }}
  volumes:
    {{- . | nindent 4 }}
  {{- end }}
{{- end }}

{{- /* A Secret mounted file by file is never refreshed in a running pod, so a rotated value reaches it by a new pod: these lines change with it. */ -}}
{{- define "platform.secretDigests" -}}
{{- $digests := .root.Values.secretDigests -}}
{{- range $unit := prepend (.pod.init | default list) .pod.unit }}
{{- with get $digests $unit.id }}
slipway.dev/secrets-{{ $unit.id }}: {{ toJson . }}
{{- end }}
{{- end }}
{{- end }}

{{- define "platform.podVolumes" -}}
{{- $root := .root -}}
{{- if include "platform.imageVolumes" $root }}
{{- range .pod.imageFolders }}
- name: {{ .volume }}-image
  image: { reference: {{ toJson .image }}, pullPolicy: {{ $root.Values.pullPolicy }} }
# A folder of an image is mounted without the right to run what is in it, also by a program that loads it.
- name: {{ .volume }}
  emptyDir: { sizeLimit: {{ int64 .sizeGiB }}Gi }
{{- end }}
{{- end }}
{{- range prepend (.pod.init | default list) .pod.unit }}
{{ include "platform.unitVolumes" (dict "root" $root "unit" .) }}
{{- end }}
{{- end }}

{{- /* Ports and probes of what keeps running. */ -}}
{{- define "platform.serving" -}}
{{- with .ports }}
ports:
  {{- range . }}
  - { name: {{ toJson .name }}, containerPort: {{ .port }} }
  {{- end }}
{{- end }}
startupProbe:
  {{- include "platform.probe" .probes.ready | nindent 2 }}
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: {{ max 1 (div (add .probes.startSeconds 4) 5) }}
readinessProbe:
  {{- include "platform.probe" .probes.ready | nindent 2 }}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 3
livenessProbe:
  {{- include "platform.probe" .probes.live | nindent 2 }}
  periodSeconds: 20
  timeoutSeconds: 10
  failureThreshold: 6
{{- end }}

{{- define "platform.probe" -}}
{{- if eq .kind "http" -}}
httpGet: { path: {{ toJson .path }}, port: {{ .port }} }
{{- else if eq .kind "tcp" -}}
tcpSocket: { port: {{ .port }} }
{{- else -}}
exec:
  command:
    {{- range .command }}
    - {{ include "platform.text" . }}
    {{- end }}
{{- end }}
{{- end }}

{{- /* What happens in a pod before its container: waiting for jobs, for other components, making its directories, and jobs on its volumes. */ -}}
{{- define "platform.steps" -}}
{{- $root := .root -}}
{{- $uid := .pod.unit.uid -}}
{{- $step := dict "root" $root "cpus" 0.1 "memoryMiB" 32 -}}
{{- $init := list -}}
{{- $copies := list -}}
{{- range .pod.imageFolders }}{{ $copies = append $copies .job }}{{ end -}}
{{- range .pod.init }}
{{- if or (include "platform.imageVolumes" $root) (not (has .id $copies)) }}{{ $init = append $init . }}{{ end -}}
{{- end -}}
{{- if or .pod.after .pod.waits .pod.volumes $init }}
initContainers:
  {{- with .pod.after }}
  - name: after-jobs
    image: {{ $.pod.stepImage | toJson }}
    imagePullPolicy: {{ $root.Values.pullPolicy }}
    command: [/bin/true]
    env:
      {{- range . }}
      - name: {{ printf "AFTER_%s" (.job | upper | replace "-" "_") }}
        valueFrom: { configMapKeyRef: { name: {{ .marker }}, key: done } }
      {{- end }}
    {{- include "platform.containerSecurity" $uid | nindent 4 }}
    {{- include "platform.resources" $step | nindent 4 }}
  {{- end }}
  {{- range .pod.waits }}
  - name: wait-{{ .id }}
    image: {{ $.pod.stepImage | toJson }}
    imagePullPolicy: {{ $root.Values.pullPolicy }}
    command: [/bin/sh, -c, 'until /usr/local/bin/probe tcp "$0"; do sleep 2; done', {{ toJson .address }}]
    {{- include "platform.containerSecurity" $uid | nindent 4 }}
    {{- include "platform.resources" $step | nindent 4 }}
  {{- end }}
  {{- with .pod.volumes }}
  # The root of a claim is the storage driver's: other owner, writable by the group, perhaps with lost+found in it. Services get a directory in it.
  - name: own-volumes
    image: {{ $.pod.stepImage | toJson }}
    imagePullPolicy: {{ $root.Values.pullPolicy }}
    command:
      - /usr/bin/install
      - -d
      - -m
      - "0700"
      {{- range . }}
      - {{ printf "/volumes/%s/%s" .name .name | toJson }}
      {{- end }}
    {{- include "platform.containerSecurity" $uid | nindent 4 }}
    {{- include "platform.resources" $step | nindent 4 }}
    volumeMounts:
      {{- range . }}
      - { name: {{ toJson .name }}, mountPath: {{ printf "/volumes/%s" .name | toJson }} }
      {{- end }}
  {{- end }}
  {{- range $init }}
  - {{- include "platform.container" (dict "root" $root "unit" .) | nindent 4 }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "platform.spread" -}}
topologySpreadConstraints:
  {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "platform.selector" $ | nindent 8 }}
  {{- end }}
affinity:
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- include "platform.selector" . | nindent 14 }}
{{- end }}
