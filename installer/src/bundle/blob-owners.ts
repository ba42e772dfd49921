import { BundleError } from "../errors/installer-error.ts";
import { listTexts } from "../language/list-texts.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { childrenOf, manifestLimit, parseManifest } from "../oci/manifest.ts";
import type { BundleManifest } from "./bundle-manifest.ts";

/** Tells which images and artifacts a blob belongs to. */
export interface Owners {
  of(digest: string): Promise<readonly string[]>;
  /** For the middle of a sentence: ` of the image postgres`, or nothing. */
  describe(digest: string): Promise<string>;
}

/**
 * Reads the manifests of all images on first use.
 * @param read undefined for a manifest that is not there; what is damaged counts as without children
 */
export function createOwners(
  manifest: BundleManifest,
  read: (descriptor: Descriptor) => Promise<Buffer | undefined>,
): Owners {
  let table: Promise<ReadonlyMap<string, ReadonlySet<string>>> | undefined;
  const of = async (digest: string): Promise<readonly string[]> => {
    table ??= collect(manifest, read);
    return [...((await table).get(digest) ?? [])];
  };
  return {
    of,
    describe: async (digest) => {
      const owners = await of(digest);
      return owners.length === 0 ? "" : ` of ${listTexts(owners)}`;
    },
  };
}

async function collect(
  manifest: BundleManifest,
  read: (descriptor: Descriptor) => Promise<Buffer | undefined>,
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const table = new Map<string, Set<string>>();
  const add = (digest: string, owner: string): void => {
    const owners = table.get(digest) ?? new Set<string>();
    table.set(digest, owners.add(owner));
  };
  for (const { name, descriptor } of manifest.artifacts) add(descriptor.digest, name);
  for (const image of manifest.images) {
    const owner = `the image ${image.name}`;
    const queue = [image.root, ...image.platforms.map((platform) => platform.manifest)];
    queue.push(...image.referrers.map(({ descriptor }) => descriptor));
    const seen = new Set<string>();
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (seen.has(next.digest)) continue;
      seen.add(next.digest);
      add(next.digest, owner);
      queue.push(...(await childrenIn(next, read)).filter(({ digest }) => !seen.has(digest)));
    }
  }
  return table;
}

async function childrenIn(
  descriptor: Descriptor,
  read: (descriptor: Descriptor) => Promise<Buffer | undefined>,
): Promise<readonly Descriptor[]> {
  if (!/(?:manifest|index|list)[\w.]*\+json$/.test(descriptor.mediaType) || descriptor.size > manifestLimit) return [];
  const bytes = await read(descriptor);
  if (bytes === undefined) return [];
  try {
    return childrenOf(parseManifest(bytes, (problem) => new BundleError(problem)));
  } catch {
    return [];
  }
}
