import type { RenderedFile } from "../rendered-file.ts";

/** What the Compose renderer hands to the executor: files, and what Compose itself does not say about them. */
export interface ComposeRendering {
  /** `compose.yaml` first, then the configuration files under `files/<service>/…` that it mounts by relative path. */
  readonly files: readonly RenderedFile[];
  readonly project: string;
  readonly services: readonly ComposeUnit[];
  /** One-shot containers, profile `jobs`. */
  readonly jobs: readonly ComposeUnit[];
  readonly volumes: readonly ComposeVolume[];
}

export interface ComposeUnit {
  /** Component or job id; also the Compose service name. */
  readonly id: string;
  readonly image: string;
  /** Hash over the service definition and the unresolved contents of its files; also its label `dev.slipway.spec`. */
  readonly specHash: string;
  /** Paths (in `files`) that it mounts. */
  readonly filePaths: readonly string[];
}

export interface ComposeVolume {
  /** Name in the engine, `<name>_<component>-<volume>`. */
  readonly engineName: string;
  readonly component: string;
  readonly volume: string;
  /** Host directory when the values set dataDir. */
  readonly hostPath?: string;
  readonly uid: number;
  readonly marker?: string;
}
