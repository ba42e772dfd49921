import type { RenderedFile, RenderedText } from "../rendered-file.ts";

/** What the Helm renderer hands on: files for the chart, and the Secrets that must exist before it is applied. */
export interface HelmRendering {
  /** `values.yaml` for `charts/platform`, then every Secret as a directory `secrets/<name>/<key>`. */
  readonly files: readonly RenderedFile[];
  readonly release: string;
  /** Made by the installer, never by the chart: a release must not carry secrets. */
  readonly secrets: readonly HelmSecret[];
  /** ConfigMaps whose existence says that a job has completed: written by the installer, awaited by pods. */
  readonly markers: readonly { readonly job: string; readonly configMap: string }[];
}

export interface HelmSecret {
  readonly name: string;
  readonly type: "Opaque" | "kubernetes.io/tls";
  readonly entries: readonly { readonly key: string; readonly contents: RenderedText }[];
}
