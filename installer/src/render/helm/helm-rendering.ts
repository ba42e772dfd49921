import type { RenderedText } from "../rendered-file.ts";
import type { Rendering } from "../rendering.ts";
import type { HelmValues } from "./helm-values.ts";

/**
 * What the Helm renderer hands on. Its files are `values.yaml`, the chart below `chart/`, then every Secret that must exist before the chart
 * is applied as a directory `secrets/<name>/<key>`, which is all that units read.
 */
export interface HelmRendering extends Rendering {
  /** What `values.yaml` says. */
  readonly values: HelmValues;
  readonly release: string;
  /** Made by the installer, never by the chart: a release must not carry secrets. */
  readonly secrets: readonly HelmSecret[];
  /**
   * ConfigMaps whose key `done` says that a job has completed: awaited by pods. Their names stay when a job changes, so that pods that wait
   * are not restarted. A marker whose `done` is not `<specHash>.<digest of its secrets>` must lose it before another release is applied.
   */
  readonly markers: readonly { readonly job: string; readonly configMap: string }[];
}

export interface HelmSecret {
  /** Without the digest that ends it in a cluster: see `secretName`. */
  readonly name: string;
  /** The component or job that it belongs to. */
  readonly unit: string;
  readonly type: "Opaque" | "kubernetes.io/tls";
  readonly entries: readonly { readonly key: string; readonly contents: RenderedText }[];
}

/** Name of a Secret in a cluster, by the digest of all secrets of its unit; without one as it is made by hand. */
export function secretName({ name, unit }: Pick<HelmSecret, "name" | "unit">, digests: SecretDigests): string {
  const digest = digests[unit];
  return digest === undefined ? name : `${name}-${digest.slice(0, 10)}`;
}

/** Keyed digests by unit. */
export type SecretDigests = Readonly<Record<string, string>>;
