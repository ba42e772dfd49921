{{- /* Every unit of the release as a JSON list: components, the jobs in their pods, and jobs. */ -}}
{{- define "platform.units" -}}
{{- $units := list -}}
{{- range .Values.components -}}
{{- $units = append $units .unit -}}
{{- $units = concat $units .init -}}
{{- end -}}
{{- range .Values.jobs -}}
{{- $units = append $units .unit -}}
{{- end -}}
{{- toJson $units -}}
{{- end }}
