import { Readable } from "node:stream";
import { RegistryError } from "../errors/installer-error.ts";
import type { ByteRange, ImageSource, SourceImage } from "../oci/content.ts";
import type { Descriptor, Platform } from "../oci/descriptor.ts";
import {
  childrenOf,
  type IndexManifest,
  isIndexType,
  isManifestType,
  type Manifest,
  parseManifest,
  selectPlatforms,
} from "../oci/manifest.ts";
import { parseReference } from "../oci/reference.ts";
import type { RegistryClient, StoredManifest } from "./registry-client.ts";

export interface RegistrySourceOptions {
  /** The client for a host; called for every reference, so it keeps the ones it made. */
  readonly client: (host: string) => RegistryClient;
  /** For people: `registry harbor.corp`. */
  readonly name?: string;
  /** Whether to look for signatures, attestations and SBOMs; on unless told. */
  readonly referrers?: boolean;
  /** Ends the clients. */
  readonly close?: () => Promise<void>;
}

/** Where content of a digest was seen. */
interface Place {
  readonly client: RegistryClient;
  readonly repository: string;
}

interface Found {
  readonly stored: StoredManifest;
  readonly manifest: Manifest;
}

/** Images by reference, each from the registry its reference names. Manifests are read once and kept; blobs never are. */
export function createRegistrySource(options: RegistrySourceOptions): ImageSource {
  const places = new Map<string, Place>();
  const kept = new Map<string, Promise<Found | undefined>>();

  function remember(digest: string, place: Place): void {
    if (!places.has(digest)) places.set(digest, place);
  }

  async function read(place: Place, reference: string): Promise<Found | undefined> {
    const stored = await place.client.getManifest(place.repository, reference);
    if (stored === undefined) return undefined;
    const where = `${reference} of ${place.repository} on ${place.client.host}`;
    const manifest = parseManifest(
      stored.bytes,
      (problem) => new RegistryError(`${where} ${problem}`, { hint: "it is not an image that can be carried" }),
    );
    remember(stored.descriptor.digest, place);
    for (const child of childrenOf(manifest)) remember(child.digest, place);
    const found = { stored, manifest };
    kept.set(stored.descriptor.digest, Promise.resolve(found));
    return found;
  }

  function readByDigest(place: Place, digest: string): Promise<Found | undefined> {
    const known = kept.get(digest);
    if (known !== undefined) return known;
    const reading = read(place, digest);
    kept.set(digest, reading);
    // What failed is asked for again next time.
    reading.catch(() => kept.delete(digest));
    return reading;
  }

  async function resolve(reference: string, platforms: readonly Platform[]): Promise<SourceImage | undefined> {
    const { host, repository, tag, digest } = parseReference(reference);
    const place = { client: options.client(host), repository };
    const found = digest === undefined ? await read(place, tag ?? "latest") : await readByDigest(place, digest);
    if (found === undefined) return undefined;
    const root = found.stored.descriptor;
    const children = found.manifest.kind === "index" ? chosenOf(found.manifest, platforms) : [];
    const unique = [...new Map(children.map((child) => [child.digest, child])).values()];
    await Promise.all(unique.map((child) => readByDigest(place, child.digest)));
    if (options.referrers === false) return { reference, root, referrers: [] };
    return {
      reference,
      root,
      referrers: await referrersOf(place, [root.digest, ...unique.map((child) => child.digest)]),
    };
  }

  async function referrersOf(
    place: Place,
    subjects: readonly string[],
    known: ReadonlySet<string> = new Set(subjects),
  ): Promise<SourceImage["referrers"]> {
    if (subjects.length === 0) return [];
    const lists = await Promise.all(
      subjects.map(async (subject) =>
        (await place.client.referrers(place.repository, subject)).map((referrer) => ({ ...referrer, subject })),
      ),
    );
    const all = lists.flat();
    for (const { descriptor } of all) remember(descriptor.digest, place);
    const further = all.filter(mayBeReferredTo).map(({ descriptor }) => descriptor.digest);
    const next = [...new Set(further)].filter((digest) => !known.has(digest));
    if (known.size + next.length > mostReferrers) {
      throw new RegistryError(`more than ${mostReferrers} manifests refer to one image of ${place.repository}`, {
        hint: "the registry lists without end, or others attach to the image without measure",
      });
    }
    return [...all, ...(await referrersOf(place, next, new Set([...known, ...next])))];
  }

  async function open(descriptor: Descriptor, range?: ByteRange): Promise<Readable> {
    const place = places.get(descriptor.digest);
    if (place === undefined) {
      throw new RegistryError(`${descriptor.digest} belongs to no image that was looked up`, {
        hint: "look the image up first",
      });
    }
    if (range !== undefined && (range.start < 0 || range.end > descriptor.size || range.start > range.end)) {
      throw new RegistryError(
        `${descriptor.digest} has no bytes ${range.start} to ${range.end}: it is ${descriptor.size} long`,
      );
    }
    if (!isManifestType(descriptor.mediaType)) return place.client.openBlob(place.repository, descriptor, range);
    const found = await readByDigest(place, descriptor.digest);
    if (found !== undefined) {
      const { bytes } = found.stored;
      return Readable.from([range === undefined ? bytes : bytes.subarray(range.start, range.end)]);
    }
    throw new RegistryError(
      `manifest ${descriptor.digest} of ${place.repository} is not on ${place.client.host} any more`,
      {
        hint: "lock the images again",
      },
    );
  }

  return {
    kind: "registry",
    name: options.name ?? "the image's own registry",
    resolve,
    content: { open },
    close: () => options.close?.() ?? Promise.resolve(),
  };
}

/** More than this is no image's, and a list without end must end. */
const mostReferrers = 500;

/** An SBOM may be signed in its turn; nobody signs a signature, and each question costs requests. */
function mayBeReferredTo({ tag }: SourceImage["referrers"][number]): boolean {
  return tag === undefined || tag.endsWith(".sbom");
}

/** What an index has for the platforms; what it does not tell the platform of may be it. */
function chosenOf(index: IndexManifest, platforms: readonly Platform[]): readonly Descriptor[] {
  if (platforms.length === 0) return [];
  const untold = index.manifests.filter((entry) => entry.platform === undefined && !isIndexType(entry.mediaType));
  return [...selectPlatforms(index, platforms), ...untold];
}
