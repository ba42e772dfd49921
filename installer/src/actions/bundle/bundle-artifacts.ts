import { gzipSync } from "node:zlib";
import { basename } from "node:path";
import type { OriginatedBlob } from "../../bundle/blob-origins.ts";
import type { BundledArtifact } from "../../bundle/bundle-manifest.ts";
import { formatTarEnd, formatTarHeader, tarPadding } from "../../bundle/tar/tar-header.ts";
import { BundleError, UsageError } from "../../errors/installer-error.ts";
import { digestOf } from "../../oci/digest.ts";
import type { BulkFiles, Hashing } from "../../platform/content-ports.ts";
import type { Assets } from "../assets.ts";
import type { BundleTool } from "./create-request.ts";

/** Something besides images that is carried as a blob. */
export interface CarriedArtifact {
  readonly artifact: BundledArtifact;
  readonly blob: OriginatedBlob;
}

export interface ArtifactsRequest {
  readonly executables: readonly string[];
  readonly tools: readonly BundleTool[];
  readonly platforms: readonly string[];
}

export interface ArtifactPorts {
  readonly assets: Assets;
  readonly bulkFiles: BulkFiles;
  readonly hashing: Hashing;
  readonly signal: AbortSignal;
}

const octets = "application/octet-stream";
const chartType = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";

/**
 * The chart, the executables and the tools.
 * @throws UsageError for a file that is not there or serves no platform of the bundle; BundleError for a tool that has not its digest
 */
export async function gatherArtifacts(
  request: ArtifactsRequest,
  ports: ArtifactPorts,
): Promise<readonly CarriedArtifact[]> {
  const { version } = ports.assets;
  const found = [chartArtifact(ports.assets)];
  for (const path of request.executables) {
    const file = await readFile(path, "--executable", ports);
    if (file.platform === undefined || !request.platforms.includes(file.platform)) {
      throw new UsageError(`${path} is no program for ${request.platforms.join(", ")}`, {
        hint: `it is ${file.platform === undefined ? "no Linux executable" : `for ${file.platform}`}; npm run package makes the programs`,
      });
    }
    found.push(toArtifact({ name: "slipway", version, path }, file));
  }
  for (const { name, version: given, file: path, digest } of request.tools) {
    const file = await readFile(path, "--with", ports);
    if (file.digest !== digest) {
      throw new BundleError(`${path} has the digest ${file.digest}, and ${name} should have ${digest}`, {
        hint: "get the tool again from its maker and compare the digest that is published with it",
      });
    }
    if (file.platform !== undefined && !request.platforms.includes(file.platform)) {
      throw new UsageError(`${name} is a program for ${file.platform}, which is not one of the bundle's platforms`, {
        hint: `name the program for ${request.platforms.join(", ")}, or add the platform with --platform`,
      });
    }
    const known = given ?? digest.slice("sha256:".length, "sha256:".length + 12);
    found.push(toArtifact({ name, version: known, path }, file));
  }
  refuseTwice(found);
  return found.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function keyOf({ artifact }: CarriedArtifact): string {
  return `${artifact.name} ${artifact.platform ?? ""}`;
}

function refuseTwice(found: readonly CarriedArtifact[]): void {
  const keys = found.map(keyOf);
  const twice = found.find((_, at) => keys.indexOf(keys[at] ?? "") !== at);
  if (twice === undefined) return;
  const { name, platform } = twice.artifact;
  throw new UsageError(`${name} is given twice for ${platform ?? "every platform"}`, { hint: "leave one of them out" });
}

interface ReadFile {
  readonly size: number;
  readonly digest: string;
  readonly platform: string | undefined;
}

async function readFile(path: string, option: string, ports: ArtifactPorts): Promise<ReadFile> {
  const file = await ports.bulkFiles.open(path);
  if (file === undefined)
    throw new UsageError(`there is no file ${path}`, { hint: `check the path given to ${option}` });
  try {
    const platform = platformOf(await file.read(0, 20));
    const [digest = ""] = await ports.hashing.sha256(
      [{ path, start: 0, end: file.size }],
      () => undefined,
      ports.signal,
    );
    return { size: file.size, digest, platform };
  } finally {
    await file.close();
  }
}

/** ELF, "ELF Header": class, data, machine. Undefined for what is no Linux program, such as a script. */
function platformOf(head: Buffer): string | undefined {
  if (head.length < 20 || head.toString("latin1", 0, 4) !== "\x7fELF") return undefined;
  const machines: Readonly<Record<number, string>> = { 0x3e: "linux/amd64", 0xb7: "linux/arm64" };
  return machines[head.readUInt16LE(18)] ?? "linux/unknown";
}

function toArtifact(
  { name, version, path }: { readonly name: string; readonly version: string; readonly path: string },
  { digest, size, platform }: ReadFile,
): CarriedArtifact {
  const descriptor = { mediaType: octets, digest, size };
  return {
    artifact: { name, version, ...(platform !== undefined && { platform }), descriptor },
    blob: {
      descriptor,
      owner: basename(path),
      origin: { kind: "files", name: path, spans: [{ path, start: 0, end: size }] },
    },
  };
}

/** The chart as Helm packs one, but always the same: no times, no compression, which may change with its program. */
function chartArtifact(assets: Assets): CarriedArtifact {
  const folder = "charts/platform";
  const files = assets.listBelow(folder).map((path) => {
    const bytes = Buffer.from(assets.readText(path));
    const name = path.slice("charts/".length);
    return Buffer.concat([
      formatTarHeader({ name, size: bytes.length }),
      bytes,
      Buffer.alloc(tarPadding(bytes.length)),
    ]);
  });
  const bytes = gzipSync(Buffer.concat([...files, formatTarEnd()]), { level: 0 });
  // RFC 1952, OS: unknown, for it would tell on what machine the bundle was made.
  bytes[9] = 255;
  const descriptor = { mediaType: chartType, digest: digestOf(bytes), size: bytes.length };
  return {
    artifact: { name: "chart", version: assets.version, descriptor },
    blob: { descriptor, owner: "the chart", origin: { kind: "bytes", name: folder, bytes } },
  };
}
