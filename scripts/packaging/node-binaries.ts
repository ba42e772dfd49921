// The Node executables that Slipway's own are made of: of the versions and digests pinned in offline-bundle/node.json.
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { mustRun } from "../../installer/test/support/child.ts";

interface NodePin {
  readonly package: string;
  /** As the registry gives it for the package's archive. */
  readonly integrity: string;
  readonly executable: string;
}

export interface NodePins {
  readonly version: string;
  /** Digest of the licences of Node and what is in it, which every package of it has. */
  readonly license: string;
  readonly platforms: Readonly<Record<string, NodePin>>;
}

/** Folder that survives a checkout; nothing in it is ever needed. */
export function nodeCache(env: NodeJS.ProcessEnv): string {
  const given = env["XDG_CACHE_HOME"];
  return join(given?.startsWith("/") === true ? given : join(homedir(), ".cache"), "slipway", "node");
}

/**
 * The Node executable for a platform: the installed one when it is the pinned one, else from the cache, else from the registry.
 * @throws {Error} when what the registry sends is not what is pinned
 */
export async function readNodeBinary(
  pins: NodePins,
  platform: string,
  installed: string,
  cache: string,
): Promise<Buffer> {
  const pin = pins.platforms[platform];
  if (pin === undefined) throw new Error(`no Node is pinned for ${platform} in offline-bundle/node.json`);
  const cached = join(cache, `${pin.package}-${pins.version}`);
  for (const path of [installed, cached]) {
    const bytes = await readFile(path).catch(() => undefined);
    if (bytes !== undefined && digestOf(bytes) === pin.executable) return bytes;
  }
  const bytes = await fetchFromRegistry(pin, pins.version, cache, "bin/node");
  return await keep(cached, bytes, pin.executable);
}

/**
 * The licences that go with every copy of Node.
 * @throws {Error} when what the registry sends is not what is pinned
 */
export async function readNodeLicense(pins: NodePins, cache: string): Promise<Buffer> {
  const cached = join(cache, `LICENSE-${pins.version}`);
  const bytes = await readFile(cached).catch(() => undefined);
  if (bytes !== undefined && digestOf(bytes) === pins.license) return bytes;
  const [pin] = Object.values(pins.platforms);
  if (pin === undefined) throw new Error("offline-bundle/node.json pins no platform");
  return await keep(cached, await fetchFromRegistry(pin, pins.version, cache, "LICENSE"), pins.license);
}

async function keep(path: string, bytes: Buffer, digest: string): Promise<Buffer> {
  if (digestOf(bytes) !== digest) throw new Error(`the file for ${path} is ${digestOf(bytes)}, not ${digest}`);
  await writeFile(`${path}.${process.pid}`, bytes);
  await rename(`${path}.${process.pid}`, path);
  return bytes;
}

async function fetchFromRegistry(pin: NodePin, version: string, cache: string, path: string): Promise<Buffer> {
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, "fetch-"));
  try {
    const name = `${pin.package}@${version}`;
    await mustRun("npm", ["pack", "--silent", "--pack-destination", folder, name], { cwd: folder });
    const archive = join(folder, `${pin.package}-${version}.tgz`);
    const integrity = `sha512-${createHash("sha512")
      .update(await readFile(archive))
      .digest("base64")}`;
    if (integrity !== pin.integrity) {
      throw new Error(`the registry's ${name} has the integrity ${integrity}; pinned is ${pin.integrity}`);
    }
    await mustRun("tar", ["-xzf", archive, "-C", folder, "--no-same-owner", `package/${path}`]);
    return await readFile(join(folder, "package", path));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
