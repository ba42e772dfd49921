import type { Readable } from "node:stream";
import { RegistryError } from "../../../errors/installer-error.ts";
import { parseManifest } from "../../../oci/manifest.ts";
import { digestOf } from "../../../oci/digest.ts";
import { Refusal } from "../../refusal.ts";
import type { BlobPlacement, RegistryClient, StoredManifest } from "../../registry-client.ts";

export interface FakeRegistry extends RegistryClient {
  /** Requests as a wire would have them, in order: `HEAD manifest a/b:1`, `POST mount …`. */
  readonly log: string[];
  readonly sentBytes: () => number;
  /** repository → digests */
  readonly blobs: Map<string, Set<string>>;
  /** repository → reference (tag or digest) → digest */
  readonly manifests: Map<string, Map<string, string>>;
  readonly mostAtOnce: () => number;
  /** Every tag stands for a manifest whose parts are all there. */
  readonly incomplete: () => readonly string[];
}

export interface FakeRegistrySettings {
  readonly forbidMounts?: boolean;
  /** Throws to refuse a request; told its line of the log. */
  readonly refuse?: (line: string) => void;
  /** Waits for something, told the line of the log. */
  readonly wait?: (line: string) => Promise<void>;
}

/** What the client makes of a registry that received other bytes than the digest says. */
function digestInvalid(): RegistryError {
  const body = JSON.stringify({ errors: [{ code: "DIGEST_INVALID" }] });
  return new RegistryError("digest does not match", { cause: new Refusal({ status: 400, headers: {} }, body) });
}

/** A registry in memory that keeps the rules: no manifest before its parts, no mount of what is not there. */
export function createFakeRegistry(settings: FakeRegistrySettings = {}): FakeRegistry {
  const blobs = new Map<string, Set<string>>();
  const manifests = new Map<string, Map<string, string>>();
  const stored = new Map<string, StoredManifest>();
  const log: string[] = [];
  let atOnce = 0;
  let mostAtOnce = 0;
  let bytesSent = 0;

  async function request<T>(line: string, answer: () => T | Promise<T>): Promise<T> {
    log.push(line);
    atOnce += 1;
    mostAtOnce = Math.max(mostAtOnce, atOnce);
    try {
      await (settings.wait?.(line) ?? Promise.resolve());
      settings.refuse?.(line);
      return await answer();
    } finally {
      atOnce -= 1;
    }
  }

  const has = (repository: string, digest: string): boolean => blobs.get(repository)?.has(digest) === true;
  const keep = (repository: string, digest: string): void => {
    const own = blobs.get(repository) ?? new Set<string>();
    blobs.set(repository, own.add(digest));
  };

  async function upload({ repository, descriptor, open, onBytes }: BlobPlacement): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of (await open()) as AsyncIterable<Buffer>) {
      bytesSent += chunk.length;
      onBytes?.(chunk.length);
      chunks.push(chunk);
    }
    await request(`PUT blob ${repository} ${descriptor.digest}`, () => {
      if (digestOf(Buffer.concat(chunks)) !== descriptor.digest) throw digestInvalid();
      keep(repository, descriptor.digest);
    });
  }

  function missingOf(repository: string, digest: string): readonly string[] {
    const found = stored.get(digest);
    if (found === undefined) return [digest];
    const manifest = parseManifest(found.bytes, (problem) => new Error(problem));
    return manifest.kind === "index"
      ? manifest.manifests.filter((child) => manifests.get(repository)?.has(child.digest) !== true).map((c) => c.digest)
      : [manifest.config, ...manifest.layers].map((b) => b.digest).filter((blob) => !has(repository, blob));
  }

  return {
    host: "registry.test",
    log,
    blobs,
    manifests,
    sentBytes: () => bytesSent,
    mostAtOnce: () => mostAtOnce,
    incomplete: () =>
      [...manifests].flatMap(([repository, own]) =>
        [...own.values()].flatMap((digest) => missingOf(repository, digest).map((lost) => `${repository} ${lost}`)),
      ),
    expect: () => undefined,
    isGranted: () => "unsure",
    hasBlob: (repository, { digest }) => request(`HEAD blob ${repository} ${digest}`, () => has(repository, digest)),
    headManifest: (repository, reference) =>
      request(`HEAD manifest ${repository}:${reference}`, () => {
        const digest = manifests.get(repository)?.get(reference);
        return digest === undefined ? undefined : stored.get(digest)?.descriptor;
      }),
    getManifest: (repository, reference) =>
      request(`GET manifest ${repository}:${reference}`, () =>
        stored.get(manifests.get(repository)?.get(reference) ?? ""),
      ),
    putManifest: (repository, reference, manifest) =>
      request(`PUT manifest ${repository}:${reference}`, () => {
        stored.set(manifest.descriptor.digest, manifest);
        const missing = missingOf(repository, manifest.descriptor.digest);
        if (missing.length > 0) throw new RegistryError(`MANIFEST_BLOB_UNKNOWN ${missing.join(" ")}`);
        const own = manifests.get(repository) ?? new Map<string, string>();
        manifests.set(repository, own);
        own.set(reference, manifest.descriptor.digest).set(manifest.descriptor.digest, manifest.descriptor.digest);
      }),
    openBlob: () => Promise.reject<Readable>(new Error("not used here")),
    placeBlob: async (placement) => {
      const { repository, descriptor, mountFrom, checkFirst } = placement;
      const { digest } = descriptor;
      if (checkFirst) {
        const found = await request(`HEAD blob ${repository} ${digest}`, () => has(repository, digest));
        if (found) return "present";
      }
      if (mountFrom !== undefined) {
        const mounted = await request(`POST mount ${repository} ${digest} from ${mountFrom}`, () => {
          if (settings.forbidMounts === true || !has(mountFrom, digest)) return false;
          keep(repository, digest);
          return true;
        });
        if (mounted) return "mounted";
      } else {
        await request(`POST upload ${repository} ${digest}`, () => undefined);
      }
      await upload(placement);
      return "sent";
    },
    referrers: () => Promise.resolve([]),
    tags: (repository) =>
      request(`GET tags ${repository}`, () =>
        [...(manifests.get(repository)?.keys() ?? [])].filter((name) => !name.startsWith("sha256:")),
      ),
    close: () => undefined,
  };
}
