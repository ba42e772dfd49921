import type { RenderedFile, RenderedText } from "../rendered-file.ts";
import type { HelmValues } from "./helm-values.ts";

/** What the Helm renderer hands on: files for the chart, and the Secrets that must exist before it is applied. */
export interface HelmRendering {
  /** `values.yaml` for `charts/platform`, then every Secret as a directory `secrets/<name>/<key>`. */
  readonly files: readonly RenderedFile[];
  /** What `values.yaml` says. */
  readonly values: HelmValues;
  readonly release: string;
  /** Made by the installer, never by the chart: a release must not carry secrets. */
  readonly secrets: readonly HelmSecret[];
  /**
   * ConfigMaps whose existence says that a job has completed: written by the installer, awaited by pods. Their names stay when a job
   * changes, so that pods that wait are not restarted. The key `done` names the Job that has completed; the installer removes a marker
   * that names another Job than the release will have, before it applies the release.
   */
  readonly markers: readonly { readonly job: string; readonly configMap: string }[];
}

export interface HelmSecret {
  readonly name: string;
  /** The component or job whose container reads it; absent for what the cluster's Gateway reads. */
  readonly unit?: string;
  readonly type: "Opaque" | "kubernetes.io/tls";
  readonly entries: readonly { readonly key: string; readonly contents: RenderedText }[];
}
