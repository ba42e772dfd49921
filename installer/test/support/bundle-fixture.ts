import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type BundleParts,
  type AssembledBundle,
  assembleBundle,
  assembleDelta,
} from "../../src/bundle/assemble-bundle.ts";
import type { BundledArtifact, BundledImage, BundleManifest } from "../../src/bundle/bundle-manifest.ts";
import { bundlePaths } from "../../src/bundle/bundle-manifest.ts";
import { formatDockerManifest, formatOciIndex, ociLayoutText } from "../../src/bundle/image-indexes.ts";
import { formatPublicKeyOf, generateKeyPair, type SecretKey, signMessage } from "../../src/bundle/minisign-secret.ts";
import { formatSplitHeader, partName, type SplitHeader, splitSuffix } from "../../src/bundle/split-header.ts";
import { formatTarEnd, tarPadding } from "../../src/bundle/tar/tar-header.ts";
import { type Descriptor, mediaTypes } from "../../src/oci/descriptor.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { createSeededRandom } from "./memory-ports.ts";

/** The key that fixtures are signed with, the same in every run. */
export const fixtureKey: SecretKey = generateKeyPair(createSeededRandom("fixture key"));

/** Its `.pub` file. */
export const fixturePublicKey: string = formatPublicKeyOf(fixtureKey);

export interface FixtureImage {
  readonly name: string;
  /** Layers by seed: the same seed is the same layer. `seed:bytes` for a length other than 2000. */
  readonly layers: readonly string[];
  /** Defaults to `docker.io/slipway/NAME:1`. */
  readonly reference?: string;
  /** More than one makes an index over them. */
  readonly platforms?: readonly string[];
  /** How many of the layers the manifest names, where that is not all of them. */
  readonly named?: number;
  /** Text of its SPDX document. */
  readonly sbom?: string;
}

export interface FixtureOptions {
  readonly version?: string;
  readonly images?: readonly FixtureImage[];
  /** Artifacts by name and contents. */
  readonly artifacts?: Readonly<Record<string, string>>;
  /** Undefined signs with `fixtureKey`. */
  readonly key?: SecretKey | "unsigned";
  /** What the delta is made against. */
  readonly base?: FixtureBundle;
}

export interface FixtureBundle {
  readonly bytes: Buffer;
  readonly manifest: BundleManifest;
  /** Digest of the root document of the full bundle that this is or completes. */
  readonly root: string;
  /** Every blob of the full bundle by digest. */
  readonly blobs: ReadonlyMap<string, Buffer>;
  readonly assembled: AssembledBundle;
}

export const fixtureImages: readonly FixtureImage[] = [
  { name: "postgres", layers: ["shared", "postgres:70000"] },
  { name: "redis", layers: ["shared", "redis"] },
];

/** A valid bundle of tiny images, the same bytes for the same options. */
export function makeBundle(options: FixtureOptions = {}): FixtureBundle {
  const { images = fixtureImages, key = fixtureKey, version = "1.0.0", base } = options;
  const blobs = new Map<string, Buffer>();
  const built = images.map((image) => buildImage(image, blobs));
  const artifacts = Object.entries(options.artifacts ?? { slipway: "#!/bin/sh\nexit 0\n" }).map(
    ([name, contents]): BundledArtifact => ({
      name,
      version: "1.0.0",
      platform: "linux/amd64",
      descriptor: put(Buffer.from(contents), "application/octet-stream", blobs),
    }),
  );
  const bundled = built.map(({ image }) => image);
  const parts: BundleParts = {
    description: {
      name: "slipway-fixture",
      version,
      profiles: ["infra"],
      platforms: [...new Set(bundled.flatMap(({ platforms }) => platforms.map(({ platform }) => platform)))],
      requires: { previous: [], freeBytes: 1000, engine: "24.0" },
      images: bundled,
      artifacts,
      blobBytes: [...blobs.values()].reduce((sum, bytes) => sum + bytes.length, 0),
    },
    files: new Map<string, Uint8Array>([
      [bundlePaths.ociLayout, Buffer.from(ociLayoutText)],
      [bundlePaths.index, Buffer.from(formatOciIndex(bundled))],
      [bundlePaths.dockerManifest, Buffer.from(formatDockerManifest(built.map(({ docker }) => docker)))],
      [bundlePaths.installScript, Buffer.from("#!/bin/sh\n")],
      ["files/README.txt", Buffer.from(`fixture ${version}\n`)],
      ...images.flatMap(({ name, sbom }) => (sbom === undefined ? [] : [[sbomPath(name), Buffer.from(sbom)] as const])),
    ]),
    blobs: [...blobs].map(([digest, bytes]) => ({ digest, size: bytes.length })),
    ...(key === "unsigned" ? {} : { sign: (bytes) => signMessage(bytes, key, `slipway-fixture ${version}`) }),
  };
  const full = assembleBundle(parts);
  const assembled = base === undefined ? full : assembleDelta(parts, baseOf(base));
  return { bytes: joinEntries(assembled, blobs), manifest: assembled.manifest, root: full.root, blobs, assembled };
}

function sbomPath(name: string): string {
  return `${bundlePaths.files}sbom/${name}.spdx.json`;
}

function baseOf(base: FixtureBundle): Parameters<typeof assembleDelta>[1] {
  const { name, version } = base.manifest;
  return { root: base.root, name, version, blobs: new Set(base.blobs.keys()) };
}

function joinEntries(assembled: AssembledBundle, blobs: ReadonlyMap<string, Buffer>): Buffer {
  const chunks = assembled.layout.entries.flatMap(({ path, size, header }) => {
    const bytes = assembled.files.get(path) ?? blobs.get(`sha256:${path.slice(bundlePaths.blobs.length)}`);
    if (bytes?.length !== size) throw new Error(`the fixture has no ${path}`);
    return [header, bytes, Buffer.alloc(tarPadding(size))];
  });
  return Buffer.concat([...chunks, formatTarEnd()]);
}

/** Bytes that do not repeat, the same for the same seed. */
export function fixtureBytes(seed: string, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0, block = 0; at < length; at += 64, block++) {
    createHash("sha512").update(`${seed} ${block}`).digest().copy(bytes, at);
  }
  return bytes;
}

function put(bytes: Buffer, mediaType: string, blobs: Map<string, Buffer>): Descriptor {
  const digest = digestOf(bytes);
  blobs.set(digest, bytes);
  return { mediaType, digest, size: bytes.length };
}

function buildImage(fixture: FixtureImage, blobs: Map<string, Buffer>) {
  const { name, platforms = ["linux/amd64"], reference = `docker.io/slipway/${name}:1` } = fixture;
  const made = platforms.map((platform) => {
    const layers = fixture.layers.map((text) => {
      const [seed = "", length = "2000"] = text.split(":");
      return put(fixtureBytes(seed, Number(length)), mediaTypes.ociLayer, blobs);
    });
    const [os, architecture] = platform.split("/");
    const settings = {
      os,
      architecture,
      name,
      rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
    };
    const config = put(Buffer.from(JSON.stringify(settings)), mediaTypes.ociConfig, blobs);
    const named = layers.slice(0, fixture.named ?? layers.length);
    const document = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: named };
    const manifest = put(Buffer.from(JSON.stringify(document)), mediaTypes.ociManifest, blobs);
    return { platform, manifest, config: config.digest, layers: layers.map(({ digest }) => digest), os, architecture };
  });
  const [first] = made;
  if (first === undefined) throw new Error(`the image ${name} has no platform`);
  const index = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: made.map(({ manifest, os, architecture }) => ({ ...manifest, platform: { os, architecture } })),
  };
  const root = made.length === 1 ? first.manifest : put(Buffer.from(JSON.stringify(index)), mediaTypes.ociIndex, blobs);
  const image: BundledImage = {
    name,
    reference,
    root,
    platforms: made.map(({ platform, manifest, config }) => ({ platform, manifest, config })),
    licenses: "Apache-2.0",
    reasons: [`component ${name}`],
    ...(fixture.sbom !== undefined && { sbom: sbomPath(name) }),
    referrers: [],
  };
  return { image, docker: { reference, config: first.config, layers: first.layers } };
}

/** Writes a bundle in parts with their header; gives the header's path. */
export function writeSplit(
  folder: string,
  bytes: Buffer,
  options: { readonly partSize: number; readonly name?: string },
): { readonly headerPath: string; readonly header: SplitHeader } {
  const { partSize, name = "bundle.tar" } = options;
  mkdirSync(folder, { recursive: true });
  const count = Math.ceil(bytes.length / partSize);
  const parts = Array.from({ length: count }, (_, index) => {
    const part = bytes.subarray(index * partSize, (index + 1) * partSize);
    const file = partName(name, index + 1);
    writeFileSync(join(folder, file), part);
    return { file, size: part.length, digest: digestOf(part) };
  });
  const header: SplitHeader = {
    apiVersion: "slipway/v1",
    kind: "SplitBundle",
    name,
    size: bytes.length,
    partSize,
    parts,
  };
  const headerPath = join(folder, `${name}${splitSuffix}`);
  writeFileSync(headerPath, formatSplitHeader(header));
  return { headerPath, header };
}
