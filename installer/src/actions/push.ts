import type { Finding } from "../events/event.ts";
import type { PathStyle } from "../oci/path-rules.ts";
import { formatTarget, parseTarget } from "../oci/path-rules.ts";
import { PreflightError } from "../errors/installer-error.ts";
import type { HarborOptions } from "../registry/harbor/harbor-options.ts";
import type { BlobCounts, ItemState } from "../registry/push/push-images.ts";
import type { ActionPorts, ResultHead } from "./context.ts";
import { type PushSelection, selectImages } from "./push/push-sources.ts";
import { pushSelected } from "./push/push-run.ts";
import { type RegistryOptions, openRegistries } from "./registry-options.ts";

export interface PushRequest extends PushSelection {
  /** `host[:port][/project[/prefix]]`. */
  readonly to: string;
  readonly pathStyle: PathStyle;
  readonly registry: RegistryOptions;
  readonly harbor: HarborOptions;
  readonly dryRun: boolean;
}

export interface PushedImage {
  readonly name: string;
  readonly source: string;
  /** In full, with tag where it has one. */
  readonly target: string;
  readonly digest: string;
  /** `cached`: it was there. Of a dry run `planned`: it would be pushed. */
  readonly state: ItemState | "planned";
  readonly blobs: BlobCounts;
  /** Bytes on the wire for it, those of failed attempts too. */
  readonly sentBytes: number;
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly hint?: string;
    readonly details: readonly string[];
  };
}

export interface PushResult extends ResultHead<"PushResult"> {
  readonly to: string;
  readonly dryRun: boolean;
  /** Every image is there. */
  readonly ok: boolean;
  readonly images: readonly PushedImage[];
  /** Images by what became of them. */
  readonly counts: BlobCounts & { readonly planned: number };
  /** Blobs, each once for every repository that needs it. */
  readonly blobs: BlobCounts;
  readonly bytes: {
    /** Of the blobs of all images that were not there, each once. */
    readonly unique: number;
    /** On the wire; of a dry run what would be sent, at most. */
    readonly sent: number;
  };
  readonly findings: readonly Finding[];
  readonly ms: number;
}

/**
 * Pushes images to a registry. One that fails does not hold up the others: what became of each is in the result.
 * @throws UsageError, BundleError, PreflightError, RegistryError when nothing could be pushed at all; InterruptedError after Ctrl-C
 */
export async function push(request: PushRequest, ports: ActionPorts): Promise<PushResult> {
  const begin = ports.clock.monotonicMs();
  const target = parseTarget(request.to);
  const title = `${request.dryRun ? "Look at" : "Push to"} ${formatTarget(target)}`;
  const registries = await openRegistries(request.registry, target.host, ports);
  ports.report({ type: "step", id: "push", title, state: "started" });
  try {
    const selected = await selectImages(request, ports);
    try {
      if (selected.images.length === 0) throw new PreflightError("there is no image to push");
      const outcome = await pushSelected({ request, target, registries, selected: selected.images }, ports);
      const ms = Math.round(ports.clock.monotonicMs() - begin);
      ports.report({ type: "step", id: "push", title, state: outcome.ok ? "done" : "failed", ms });
      return { apiVersion: "slipway/v1", kind: "PushResult", to: formatTarget(target), ...outcome, ms };
    } finally {
      await selected.close();
    }
  } catch (error) {
    ports.report({ type: "step", id: "push", title, state: "failed" });
    throw error;
  }
}
