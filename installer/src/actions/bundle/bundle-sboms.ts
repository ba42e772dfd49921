import type { GatheredImage } from "../../bundle/gather-images.ts";
import { makeSboms, toSbomImage } from "../../bundle/sbom/make-sboms.ts";
import { renderBundleSpdx } from "../../bundle/sbom/render-spdx.ts";
import { shortDigest } from "../../oci/digest.ts";
import type { ActionPorts } from "../context.ts";
import { readImageTable } from "../desired/load-plan.ts";
import type { CarriedArtifact } from "./bundle-artifacts.ts";
import { withStep } from "../../execute/with-step.ts";
import { steps } from "../../events/steps.ts";

/** Name of the document about the bundle as a whole; no image is called so. */
export const bundleDocument = "bundle";

export interface SbomsRequest {
  readonly name: string;
  readonly images: readonly GatheredImage[];
  readonly artifacts: readonly CarriedArtifact[];
  readonly cacheDir: string;
  readonly jobs: number;
}

/**
 * SPDX documents by name: one for each image of ours, and one that lists images and programs of the bundle. What makers of
 * other images say of them travels along as their referrers.
 * @throws BundleError or RegistryError naming a layer that is damaged
 */
export async function makeBundleSboms(
  request: SbomsRequest,
  ports: Pick<ActionPorts, "fs" | "clock" | "report" | "assets" | "signal">,
): Promise<ReadonlyMap<string, string>> {
  const { name, images, artifacts, cacheDir, jobs } = request;
  const table = readImageTable(ports.assets);
  const own = images.filter(({ wanted }) => table[wanted.name]?.source === "built");
  return await withStep(ports, steps.sbom, async () => {
    const { fs, signal, report } = ports;
    const documents = await makeSboms(own, {
      fs,
      cacheDir,
      jobs,
      signal,
      onLayer: (digest) => report({ type: "item", step: "sbom", id: shortDigest(digest), state: "done" }),
    });
    const programs = artifacts.map(({ artifact: { descriptor, ...artifact } }) => ({
      ...artifact,
      digest: descriptor.digest,
    }));
    const { version } = ports.assets;
    const whole = renderBundleSpdx({ name, version, artifacts: programs }, images.map(toSbomImage), documents);
    return new Map([...documents, [bundleDocument, whole]]);
  });
}
