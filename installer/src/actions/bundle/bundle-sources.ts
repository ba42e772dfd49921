import { createEngineSource } from "../../bundle/sources/engine-source.ts";
import { openLayoutFolder } from "../../bundle/sources/layout-source.ts";
import type { ImageSource } from "../../oci/content.ts";
import type { ActionPorts } from "../context.ts";

export interface SourcesRequest {
  /** `engine`, `registry`, `oci:DIR` or a path, in order. */
  readonly from: readonly string[];
  /** Images that will be asked for. */
  readonly references: readonly string[];
  readonly cacheDir: string;
}

/**
 * Opens the places that images are taken from, in order.
 * @throws PreflightError, BundleError or UsageError naming the one that cannot be read
 */
export async function openSources(request: SourcesRequest, ports: ActionPorts): Promise<readonly ImageSource[]> {
  const sources: ImageSource[] = [];
  try {
    for (const from of request.from) sources.push(await openSource(from, request, ports));
  } catch (error) {
    for (const source of sources) await source.close();
    throw error;
  }
  return sources;
}

async function openSource(from: string, request: SourcesRequest, ports: ActionPorts): Promise<ImageSource> {
  if (from === "engine") {
    const { references, cacheDir } = request;
    return createEngineSource({ references, cacheDir, signal: ports.signal }, ports);
  }
  if (from.startsWith("oci:")) return openLayoutFolder(from.slice("oci:".length), ports.bulkFiles);
  throw new TypeError(from);
}
