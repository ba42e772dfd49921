{{- /* The pod template of a component or job: "root", "id", "pod" (its data), "restart". "component" is set for what keeps running, "mark" for
    a job that says when it has completed: then its own container is the last step before the one that says so. */ -}}
{{- define "platform.podTemplate" -}}
{{- $root := .root -}}
{{- $pod := .pod -}}
{{- $uid := $pod.unit.uid -}}
metadata:
  labels:
    {{- include "platform.podLabels" . | nindent 4 }}
    slipway.dev/zone: {{ .zone }}
    {{- range include "platform.sharedVolumes" $pod | fromJsonArray }}
    slipway.dev/volumes-of-{{ . }}: "true"
    {{- end }}
  annotations:
    slipway.dev/config-hash: {{ $pod.configHash | toJson }}
    kubectl.kubernetes.io/default-container: {{ toJson .id }}
spec:
  serviceAccountName: {{ include "platform.name" . }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- with $root.Values.cluster.imagePullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - { name: {{ toJson . }} }
    {{- end }}
  {{- end }}
  {{- with $root.Values.cluster.priorityClass }}
  priorityClassName: {{ toJson . }}
  {{- end }}
  restartPolicy: {{ .restart }}
  {{- if .component }}
  terminationGracePeriodSeconds: {{ $pod.stopSeconds }}
  {{- if or $pod.autoscale (gt (int $pod.replicas) 1) }}
  {{- include "platform.spread" . | trim | nindent 2 }}
  {{- end }}
  {{- end }}
  {{- include "platform.beside" . | trim | nindent 2 }}
  securityContext:
    runAsNonRoot: true
    runAsUser: {{ $uid }}
    runAsGroup: {{ $uid }}
    fsGroup: {{ $uid }}
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile: { type: RuntimeDefault }
    {{- if include "platform.lowPorts" $pod }}
    sysctls:
      - { name: net.ipv4.ip_unprivileged_port_start, value: "0" }
    {{- end }}
  {{- if and $pod.callsGateway $root.Values.cluster.gatewayAddress $root.Values.publicNames }}
  hostAliases:
    - ip: {{ toJson $root.Values.cluster.gatewayAddress }}
      hostnames: {{ toJson $root.Values.publicNames }}
  {{- end }}
  {{- include "platform.steps" . | trim | nindent 2 }}
  containers:
    {{- if .mark }}
    {{- include "platform.markContainer" . | trim | nindent 4 }}
    {{- else }}
    - {{- include "platform.container" (dict "root" $root "unit" $pod.unit) | nindent 6 }}
      {{- if .component }}
      {{- include "platform.serving" (dict "root" $root "pod" $pod) | trim | nindent 6 }}
      {{- end }}
    {{- end }}
  {{- $volumes := include "platform.podVolumes" . | trim }}
  {{- with $volumes }}
  volumes:
    {{- . | nindent 4 }}
  {{- end }}
{{- end }}

{{- /* Says in the API that the job before it has completed. It alone in the pod has a token, which allows that and nothing else. */ -}}
{{- define "platform.markContainer" -}}
- name: mark
  image: {{ .mark.image | toJson }}
  imagePullPolicy: {{ .root.Values.pullPolicy }}
  args: [mark-done, {{ .mark.configMap }}, {{ printf "%s.%s" .pod.specHash (get .root.Values.secretDigests .id) | toJson }}]
  {{- include "platform.containerSecurity" .pod.unit.uid | nindent 2 }}
  {{- include "platform.resources" (dict "root" .root "cpus" 0.5 "memoryMiB" 128) | nindent 2 }}
  volumeMounts:
    - { name: api-access, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true }
{{- end }}

{{- define "platform.markVolume" -}}
- name: api-access
  projected:
    defaultMode: 0400
    sources:
      - serviceAccountToken: { path: token, expirationSeconds: 3600 }
      - configMap: { name: kube-root-ca.crt, items: [{ key: ca.crt, path: ca.crt }] }
      - downwardAPI: { items: [{ path: namespace, fieldRef: { apiVersion: v1, fieldPath: metadata.namespace } }] }
{{- end }}

{{- /* Whether a component serves on a port that is for root alone unless its pod says otherwise; empty means no. */ -}}
{{- define "platform.lowPorts" -}}
{{- range .ports -}}
{{- if lt (int .port) 1024 -}}
yes
{{- end -}}
{{- end -}}
{{- end }}

{{- define "platform.podVolumes" -}}
{{- $root := .root -}}
{{- if .mark }}
{{ include "platform.markVolume" . }}
{{- end }}
{{- if include "platform.imageVolumes" $root }}
{{- range .pod.imageFolders }}
- name: {{ .volume }}-image
  image: { reference: {{ toJson .image }}, pullPolicy: {{ $root.Values.pullPolicy }} }
# A folder of an image is mounted without the right to run what is in it, also by a program that loads it.
- name: {{ .volume }}
  emptyDir: { sizeLimit: {{ int64 .sizeGiB }}Gi }
{{- end }}
{{- end }}
{{- range .pod.claims }}
- name: {{ toJson .name }}
  persistentVolumeClaim: { claimName: {{ toJson .claim }} }
{{- end }}
{{- range prepend (.pod.init | default list) .pod.unit }}
{{ include "platform.unitVolumes" (dict "root" $root "unit" .) }}
{{- end }}
{{- end }}

{{- /* Ports and probes of what keeps running. */ -}}
{{- define "platform.serving" -}}
{{- $pod := .pod -}}
{{- $published := dict -}}
{{- if eq .root.Values.cluster.exposure.kind "hostPort" -}}
{{- range $pod.published }}{{ $_ := set $published (toString .targetPort) .port }}{{ end -}}
{{- end -}}
{{- with $pod.ports }}
ports:
  {{- range . }}
  - { name: {{ toJson .name }}, containerPort: {{ .port }}{{ with get $published (toString .port) }}, hostPort: {{ . }}{{ end }} }
  {{- end }}
{{- end }}
startupProbe:
  {{- include "platform.probe" $pod.probes.ready | nindent 2 }}
  periodSeconds: 2
  timeoutSeconds: 5
  failureThreshold: {{ max 1 (div (add $pod.probes.startSeconds 1) 2) }}
readinessProbe:
  {{- include "platform.probe" $pod.probes.ready | nindent 2 }}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 3
livenessProbe:
  {{- include "platform.probe" $pod.probes.live | nindent 2 }}
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
{{- if .mark }}{{ $init = append $init .pod.unit }}{{ end -}}
{{- $folders := list -}}
{{- range .pod.volumes }}{{ $folders = append $folders (dict "name" .name "folder" .name) }}{{ end -}}
{{- range .pod.claims }}{{ if and .folder (not .held) }}{{ $folders = append $folders (dict "name" .name "folder" .folder) }}{{ end }}{{ end -}}
{{- if or .pod.after .pod.waits $folders $init }}
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
    command: [/bin/sh, -c, 'until /usr/local/bin/probe tcp "$0"; do sleep 1; done', {{ toJson .address }}]
    {{- include "platform.containerSecurity" $uid | nindent 4 }}
    {{- include "platform.resources" $step | nindent 4 }}
  {{- end }}
  {{- with $folders }}
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
      - {{ printf "/volumes/%s/%s" .name .folder | toJson }}
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

{{- /* Components whose volumes several pods mount, as a JSON list. */ -}}
{{- define "platform.sharedVolumes" -}}
{{- $owners := list -}}
{{- if .shared }}{{ $owners = append $owners .id }}{{ end -}}
{{- range .claims }}{{ $owners = append $owners .of }}{{ end -}}
{{- $owners | uniq | toJson -}}
{{- end }}

{{- /* A claim may be had by one node: who has the same volumes goes where the first of them went, also while it only waits there. */ -}}
{{- define "platform.beside" -}}
{{- $root := .root -}}
{{- with include "platform.sharedVolumes" .pod | fromJsonArray }}
affinity:
  podAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      {{- range . }}
      - topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
            app.kubernetes.io/instance: {{ toJson $root.Values.install.name }}
            slipway.dev/volumes-of-{{ . }}: "true"
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
