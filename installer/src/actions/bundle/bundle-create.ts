import { basename } from "node:path";
import { type GatheredImage, type WantedImage, gatherImages } from "../../bundle/gather-images.ts";
import { parseGivenName } from "../../bundle/sources/image-names.ts";
import { planSinkFiles } from "../../bundle/sink.ts";
import { type WriteBundleRequest, writeBundle } from "../../bundle/write-bundle.ts";
import { UsageError } from "../../errors/installer-error.ts";
import { type Platform, parsePlatform } from "../../oci/descriptor.ts";
import type { DeltaBase, Sign } from "../../bundle/assemble-bundle.ts";
import { readDeltaBase } from "../../bundle/delta.ts";
import { openBundle } from "../../bundle/open-bundle.ts";
import { type ReadTrust, openSources } from "./bundle-sources.ts";
import { type PreparedBundle, type SbomsFor, prepareBundle } from "./prepare-bundle.ts";
import { makeBundleSboms } from "./bundle-sboms.ts";
import { withStep } from "../../execute/with-step.ts";
import { withOutputLock } from "./output-lock.ts";
import { reportPercent } from "./report-percent.ts";
import { requireFileName } from "./require-file-name.ts";
import { prepareSigning } from "./sign-bundle.ts";
import { findWantedImages, withFurtherImages } from "./wanted-images.ts";
import type { BundleCreateRequest, BundleCreateResult } from "./create-request.ts";
import type { ActionPorts } from "../context.ts";
import { loadPlanOfImages } from "../desired/load-plan.ts";
import { readTrustedKeys } from "./trusted-keys.ts";
import { steps } from "../../events/steps.ts";

const usualJobs = 4;

/**
 * Makes a bundle of a profile.
 * @throws UsageError without a key; PreflightError when an image is nowhere or the disk cannot hold the bundle; BundleError or RegistryError naming what has the wrong digest
 */
export async function createBundle(request: BundleCreateRequest, ports: ActionPorts): Promise<BundleCreateResult> {
  const begin = ports.clock.monotonicMs();
  const platforms = parsePlatforms(request.platforms);
  checkCombination(request);
  await requireFileName(request.output, ports.fs);
  const make = async (): Promise<BundleCreateResult> => {
    const made = await gatherAndWrite(request, platforms, ports);
    return { ...made, ms: ports.clock.monotonicMs() - begin };
  };
  // Before anything is fetched: that the place cannot be written, or that another run writes there, shows at once.
  return request.dryRun ? make() : withOutputLock(request.output, ports, make);
}

async function gatherAndWrite(
  request: BundleCreateRequest,
  platforms: readonly Platform[],
  ports: ActionPorts,
): Promise<Omit<BundleCreateResult, "ms">> {
  const { images: platform, profile, mirror } = await loadPlatform(request, ports);
  const name = `slipway-${profile ?? "images"}`;
  const sign = await prepareSigning(request.signing, `${name} ${ports.assets.version}`, ports.fs);
  const wanted = withFurtherImages(platform, furtherImages(request));
  const jobs = request.jobs ?? usualJobs;
  const trust = await readTrust(request, ports);
  const base = await readBase(request, trust, ports);
  const sources = await openSources(
    {
      from: request.from,
      ...(request.as !== undefined && { as: request.as }),
      references: wanted.map(({ reference }) => reference),
      cacheDir: request.cacheDir,
      step: "gather",
      mirror,
      registries: { plainHttp: request.plainHttp, ...(request.caFile !== undefined && { caFile: request.caFile }) },
      trust,
    },
    ports,
  );
  try {
    const images = await withStep(ports, steps.gather, () =>
      gatherImages({
        images: wanted,
        platforms,
        sources,
        jobs,
        signal: ports.signal,
        onImage: (id, detail) => ports.report({ type: "item", step: "gather", id, state: "done", detail }),
      }),
    );
    if (!request.dryRun) ports.hashing.expect(bytesInFiles(images));
    // A dry run reads no layers: what they hold is listed when the bundle is made.
    const sbomsFor: SbomsFor = (gathered, artifacts) =>
      request.dryRun
        ? Promise.resolve(new Map())
        : makeBundleSboms({ name, images: gathered, artifacts, cacheDir: request.cacheDir, jobs }, ports);
    const prepared = await prepareBundle(
      { create: request, name, ...(profile !== undefined && { profile }), images, sign, sbomsFor, base },
      ports,
    );
    const head = toResult(request, images, { ...prepared, signed: sign !== undefined });
    if (request.dryRun) return head;
    const written = await withStep(ports, steps.bundle, () =>
      writeBundle(toWriteRequest(request, { ...prepared, sign }, ports), { ...ports, bulk: ports.bulkFiles }),
    );
    return { ...head, resumedBytes: written.resumedBytes, files: written.files.map(({ path }) => path) };
  } finally {
    for (const source of sources) await source.close();
  }
}

/** Who names an image wants it carried. */
function furtherImages({ images = [], as }: BundleCreateRequest): readonly string[] {
  return as === undefined || parseGivenName(as).tag === undefined ? images : [...images, as];
}

/** Bytes that threads will copy: what other sources have comes through this one. */
function bytesInFiles(images: readonly GatheredImage[]): number {
  const inFiles = images.filter(({ source }) => source.content.locate !== undefined).flatMap(({ blobs }) => blobs);
  const sizes = new Map(inFiles.map(({ descriptor }) => [descriptor.digest, descriptor.size]));
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

interface PlatformImages {
  readonly images: readonly WantedImage[];
  /** Absent when the platform is left out. */
  readonly profile?: string;
  /** A registry with copies of the platform's images; empty when there is none. */
  readonly mirror: string;
}

/** Without the platform no values are read. */
async function loadPlatform(request: BundleCreateRequest, ports: ActionPorts): Promise<PlatformImages> {
  if (request.imagesOnly === true) return { images: [], mirror: "" };
  const { plan, values } = await loadPlanOfImages(request, ports);
  return {
    images: findWantedImages(plan, ports.assets, values.values),
    profile: plan.install.profile,
    mirror: values.values.images.registry,
  };
}

/** Keys matter only where a bundle is read: as a source or as the base of a delta. */
async function readTrust(request: BundleCreateRequest, ports: ActionPorts): Promise<ReadTrust> {
  const { keyFiles, allowUnsigned, since, from } = request;
  const reads = since.length > 0 || keyFiles.length > 0 || from.some((source) => source.startsWith("/"));
  const known = reads ? await readTrustedKeys({ keyFiles, allowUnsigned: true }, ports) : [];
  return { trustedKeys: known, allowUnsigned };
}

/** What the bundle that a delta is relative to has; it is closed again, for nothing is read from it. */
async function readBase(
  { since }: BundleCreateRequest,
  trust: ReadTrust,
  ports: ActionPorts,
): Promise<DeltaBase | undefined> {
  if (since.length === 0) return undefined;
  const opened = await openBundle({ paths: since, partFolders: [], ...trust }, ports);
  try {
    return await readDeltaBase(opened);
  } finally {
    await opened.close();
  }
}

function parsePlatforms(texts: readonly string[]): readonly Platform[] {
  const platforms = texts.map((text) => {
    const platform = parsePlatform(text);
    if (platform !== undefined) return platform;
    throw new UsageError(`${JSON.stringify(text)} is not a platform`, { hint: "write linux/amd64 or linux/arm64" });
  });
  if (new Set(texts).size < texts.length) {
    throw new UsageError(`a platform is named twice: ${texts.join(",")}`, { hint: "name each once" });
  }
  return platforms;
}

function checkCombination(request: BundleCreateRequest): void {
  const { output, from, since, partSize, parity, imagesOnly, as } = request;
  if (imagesOnly === true && furtherImages(request).length === 0) {
    throw new UsageError("the bundle would have no image", {
      hint: `name some with --image${as === undefined ? "" : ` ${as}:TAG`}, or leave --images-only out`,
    });
  }
  if (parity !== undefined && partSize === undefined) {
    throw new UsageError("parity is made over parts, and the bundle is not split", { hint: "give --split SIZE too" });
  }
  const written = partSize === undefined ? ownFile : ownParts;
  const both = [...from, ...since].find((path) => path.startsWith(output) && written.test(path.slice(output.length)));
  if (both === undefined) return;
  throw new UsageError(`${both} is read and would be written over`, { hint: "choose another file with -o" });
}

/** What follows the name of the output in those of the files that are written. */
const ownFile = /^(?:\.partial)?$/;
const ownParts = /^(?:\.(?:part|parity)\d+(?:\.partial)?|\.split\.json)?$/;

function toWriteRequest(
  request: BundleCreateRequest,
  { bundle, blobs, sign }: PreparedBundle & { readonly sign: Sign | undefined },
  ports: ActionPorts,
): WriteBundleRequest {
  const { output, partSize, parity } = request;
  const signed = sign === undefined ? {} : { sign };
  return {
    bundle,
    origins: blobs,
    output,
    jobs: request.jobs ?? usualJobs,
    signal: ports.signal,
    ...(partSize !== undefined && {
      split: {
        partSize,
        ...(parity !== undefined && { parity }),
        ...signed,
        onParity: reportPercent({ step: "bundle", id: `parity of ${basename(output)}` }, ports.report),
      },
    }),
    onBytes: reportPercent({ step: "bundle", id: basename(output) }, ports.report),
  };
}

function toResult(
  request: BundleCreateRequest,
  images: readonly GatheredImage[],
  { bundle, signed }: PreparedBundle & { readonly signed: boolean },
): Omit<BundleCreateResult, "ms"> {
  const { manifest, root, layout } = bundle;
  const { output, partSize, dryRun } = request;
  const target = { output, size: layout.size, ...(partSize !== undefined && { partSize }) };
  return {
    apiVersion: "slipway/v1",
    kind: "BundleCreateResult",
    output,
    name: manifest.name,
    version: manifest.version,
    content: manifest.content,
    platforms: manifest.platforms,
    ...(!dryRun && { root }),
    signed,
    dryRun,
    bytes: layout.size,
    blobBytes: bundle.blobs.reduce((sum, { size }) => sum + size, 0),
    resumedBytes: 0,
    files: planSinkFiles(target).map(({ path }) => path),
    images: images.map(({ wanted, root: { digest }, source, blobs }) => ({
      name: wanted.name,
      reference: wanted.reference,
      digest,
      source: source.name,
      bytes: blobs.reduce((sum, { descriptor }) => sum + descriptor.size, 0),
    })),
    without: manifest.without ?? [],
  };
}
