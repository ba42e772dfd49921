import type { OriginatedBlob } from "../../bundle/blob-origins.ts";
import { bundlePaths } from "../../bundle/bundle-manifest.ts";
import {
  type BundleParts,
  type AssembledBundle,
  type DeltaBase,
  type Sign,
  assembleBundle,
  assembleDelta,
} from "../../bundle/assemble-bundle.ts";
import type { GatheredImage } from "../../bundle/gather-images.ts";
import { type DockerImage, formatDockerManifest, formatOciIndex, ociLayoutText } from "../../bundle/image-indexes.ts";
import type { BundleCreateRequest } from "./create-request.ts";
import type { ActionPorts } from "../context.ts";
import type { Assets } from "../assets.ts";
import { readImageTable } from "../desired/load-plan.ts";
import { type CarriedArtifact, gatherArtifacts } from "./bundle-artifacts.ts";
import { buildBundleFiles } from "./bundle-files.ts";
import { formatBundleLock } from "./bundle-lock.ts";
import { collectBlobs, describeBundle } from "./describe-bundle.ts";
import { readProgramLicenses } from "./program-licenses.ts";

/** SPDX documents by name; handed in, for making them needs what is in the layers. */
export type SbomsFor = (
  images: readonly GatheredImage[],
  artifacts: readonly CarriedArtifact[],
) => Promise<ReadonlyMap<string, string>>;

export interface PrepareRequest {
  readonly create: BundleCreateRequest;
  readonly name: string;
  readonly profile?: string;
  readonly images: readonly GatheredImage[];
  readonly sign: Sign | undefined;
  readonly sbomsFor: SbomsFor;
  readonly base: DeltaBase | undefined;
}

export interface PreparedBundle {
  readonly bundle: AssembledBundle;
  readonly blobs: ReadonlyMap<string, OriginatedBlob>;
}

/** Settles every byte of a bundle; nothing is written yet. */
export async function prepareBundle(request: PrepareRequest, ports: ActionPorts): Promise<PreparedBundle> {
  const { create, name, profile, images, sign } = request;
  const artifacts = await gatherArtifacts(create, ports);
  if (profile !== undefined) warnWithoutProgram(create.platforms, artifacts, ports);
  const blobs = collectBlobs(images, artifacts);
  const sboms = await request.sbomsFor(images, artifacts);
  const sbomPaths = new Map([...sboms.keys()].map((image) => [image, `${bundlePaths.files}sbom/${image}.spdx.json`]));
  const shared = {
    name,
    ...(profile !== undefined && { profile }),
    platforms: create.platforms,
    without: create.values.without,
    images,
  };
  const description = describeBundle({ ...shared, version: ports.assets.version, artifacts, sbomPaths }, blobs);
  const { version } = ports.assets;
  const lock = formatBundleLock({ ...shared, version, own: ownNames(ports.assets) });
  const files = buildBundleFiles(
    {
      ...shared,
      signed: sign !== undefined,
      sboms: new Map([...sboms].map(([image, text]) => [sbomPaths.get(image) ?? image, text])),
      lock,
    },
    ports.assets,
  );
  const parts: BundleParts = {
    description,
    files: new Map([
      ...files,
      ...(await readProgramLicenses(create.executables, ports)),
      [bundlePaths.ociLayout, Buffer.from(ociLayoutText)],
      [bundlePaths.index, Buffer.from(formatOciIndex(description.images))],
      [bundlePaths.dockerManifest, Buffer.from(formatDockerManifest(images.flatMap(toDockerImage)))],
    ]),
    blobs: [...blobs.values()].map(({ descriptor }) => descriptor),
    ...(sign !== undefined && { sign }),
  };
  const bundle = request.base === undefined ? assembleBundle(parts) : assembleDelta(parts, request.base);
  return { bundle, blobs };
}

/** Without it the other side has images and nothing to install them with. */
function warnWithoutProgram(
  platforms: readonly string[],
  artifacts: readonly CarriedArtifact[],
  ports: Pick<ActionPorts, "report">,
): void {
  const lacking = platforms.filter(
    (platform) => !artifacts.some(({ artifact }) => artifact.name === "slipway" && artifact.platform === platform),
  );
  if (lacking.length === 0) return;
  ports.report({
    type: "warning",
    message: `the bundle carries no slipway program for ${lacking.join(" and ")}`,
    hint: "the other side needs one to install: npm run package makes it, --executable carries it",
  });
}

/** None of what is no image: `docker load` would take it for one. */
function toDockerImage({ wanted: { reference }, platforms }: GatheredImage): readonly DockerImage[] {
  const [primary] = platforms;
  if (primary === undefined) return [];
  return [{ reference, config: primary.config, layers: primary.layers.map(({ digest }) => digest) }];
}

function ownNames(assets: Assets): ReadonlySet<string> {
  const table = Object.entries(readImageTable(assets));
  return new Set(table.filter(([, { source }]) => source === "built").map(([name]) => name));
}
