import { join } from "node:path";
import { explainAbsence, tellNameless } from "../../bundle/explain-absence.ts";
import type { BundledImage } from "../../bundle/bundle-manifest.ts";
import { gatherImage } from "../../bundle/gather-image.ts";
import { parseGivenName } from "../../bundle/sources/image-names.ts";
import { BundleError, PreflightError, UsageError } from "../../errors/installer-error.ts";
import type { ImageSource, SourceImage } from "../../oci/content.ts";
import { type Descriptor, type Platform, parsePlatform } from "../../oci/descriptor.ts";
import { formatReference, parseReference } from "../../oci/reference.ts";
import { openSources } from "../bundle/bundle-sources.ts";
import { findWantedImages } from "../bundle/wanted-images.ts";
import type { ActionPorts, InstallTarget, ValuesSelection } from "../context.ts";
import { type GivenBundle, openGivenBundle } from "../bundle/given-bundle.ts";
import { loadPlanOfImages } from "../desired/load-plan.ts";
import type { RegistryOptions } from "./registry-options.ts";
import { type TrustedKeysRequest, readTrustedKeys } from "../bundle/trusted-keys.ts";

/** What is pushed, and where it is taken from. */
export interface PushSelection extends InstallTarget {
  readonly values: ValuesSelection;
  /** A bundle to push; then nothing is taken from elsewhere. */
  readonly bundle?: GivenBundle;
  /** `engine`, `registry`, `oci:DIR` or a path, in the order in which they are asked. */
  readonly from: readonly string[];
  /** What images without a name are called, of the one layout or archive in `from`. */
  readonly as?: string;
  /** How bundles named in `from` are trusted. */
  readonly trust: TrustedKeysRequest;
  /** How registries that images are taken from are reached. */
  readonly sourceRegistries: RegistryOptions;
  /** Names or references; all when empty. */
  readonly images: readonly string[];
  /** `linux/amd64`; everything the source has when empty. */
  readonly platforms: readonly string[];
  readonly cacheDir: string;
}

/** An image to push, as its source has it. */
export interface SelectedImage {
  readonly name: string;
  /** In full. */
  readonly reference: string;
  readonly source: ImageSource;
  readonly root: Descriptor;
  readonly referrers: SourceImage["referrers"];
  /** Manifests of further platforms over which there is no index; they are pushed by digest. */
  readonly others: readonly Descriptor[];
}

/** An image that its source has, though not as it should be. */
export interface DamagedImage {
  readonly name: string;
  /** In full. */
  readonly reference: string;
  /** As its source lists it, where that does. */
  readonly digest?: string;
  readonly error: BundleError;
}

export interface Selected {
  readonly images: readonly SelectedImage[];
  /** They hold up none of the others. */
  readonly damaged: readonly DamagedImage[];
  close(): Promise<void>;
}

/**
 * Opens the sources and finds the images in them.
 * @throws UsageError for a name nobody has; BundleError for a bundle that is not trusted, or where every image is damaged; PreflightError
 *   for an image that is nowhere
 */
export async function selectImages(request: PushSelection, ports: ActionPorts): Promise<Selected> {
  const platforms = request.platforms.map(requirePlatform);
  if (request.bundle !== undefined) return fromBundle(request.bundle, request, platforms, ports);
  const { sources, planned } = await openPlaces(request, ports);
  const close = (): Promise<void> => closeAll(sources);
  try {
    const wanted = planned ?? (await listWhole(sources, request)) ?? (await findPlanned(request, ports)).wanted;
    const find = (image: Named): Promise<SelectedImage> => findImage(image, sources, platforms);
    const digestOf = (image: Named): Promise<string | undefined> => findListed(image, sources);
    return { ...(await findEach(choose(wanted, request.images), find, digestOf)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface OpenedPlaces {
  readonly sources: readonly ImageSource[];
  /** The platform's images; absent where one layout or archive alone is pushed. */
  readonly planned?: readonly Named[];
}

async function openPlaces(request: PushSelection, ports: ActionPorts): Promise<OpenedPlaces> {
  const { from, as, cacheDir, sourceRegistries: registries } = request;
  const opening = { from, ...(as !== undefined && { as }), cacheDir, step: "push", registries };
  const trust = await trustOf(request, ports);
  if (isAlone(from)) {
    await requireLayout(from[0] ?? "", ports);
    return { sources: await openSources({ ...opening, references: [], trust }, ports) };
  }
  const { wanted, mirror } = await findPlanned(request, ports);
  const references = choose(wanted, request.images).map(({ reference }) => reference);
  return { sources: await openSources({ ...opening, references, mirror, trust }, ports), planned: wanted };
}

interface Named {
  readonly name: string;
  readonly reference: string;
}

async function fromBundle(
  given: GivenBundle,
  request: PushSelection,
  platforms: readonly Platform[],
  ports: ActionPorts,
): Promise<Selected> {
  const bundle = await openGivenBundle(given, ports);
  try {
    const find = async (image: BundledImage): Promise<SelectedImage> => {
      const found = await findImage(image, [bundle], platforms);
      const all = image.platforms.map(({ manifest }) => manifest);
      // Narrowed to several platforms there is no index over them: the first has the tag.
      const apart = platforms.length === 0 && all.length > 1 && all.some(({ digest }) => digest === found.root.digest);
      return apart ? { ...found, others: all.filter(({ digest }) => digest !== found.root.digest) } : found;
    };
    const close = (): Promise<void> => bundle.close();
    const digestOf = ({ root }: BundledImage): Promise<string> => Promise.resolve(root.digest);
    return { ...(await findEach(choose(bundle.complete.images, request.images), find, digestOf)), close };
  } catch (error) {
    await bundle.close();
    throw error;
  }
}

/** One layout or archive is pushed whole. */
function isAlone([only, ...more]: readonly string[]): boolean {
  return only !== undefined && more.length === 0 && only !== "engine" && only !== "registry";
}

async function findPlanned(
  request: PushSelection,
  ports: ActionPorts,
): Promise<{ readonly wanted: readonly Named[]; readonly mirror: string }> {
  const { plan, values } = await loadPlanOfImages(request, ports);
  return { wanted: findWantedImages(plan, ports.assets), mirror: values.values.images.registry };
}

/** Keys are needed only where a file is named that may be a bundle. */
async function trustOf({ from, trust }: PushSelection, ports: ActionPorts) {
  const files = from.filter((source) => source !== "engine" && source !== "registry" && !source.startsWith("oci:"));
  const trustedKeys = files.length === 0 ? [] : await readTrustedKeys({ ...trust, allowUnsigned: true }, ports);
  return { trustedKeys, allowUnsigned: trust.allowUnsigned };
}

/** The folder of a layout; what else it lacks is said when it is opened. */
async function requireLayout(from: string, { fs }: ActionPorts): Promise<void> {
  if (!from.startsWith("oci:")) return;
  const folder = from.slice("oci:".length);
  if ((await fs.stat(join(folder, "index.json"))) !== undefined) return;
  throw new UsageError(`${folder} is no OCI layout: it has no index.json`, {
    hint: "name the folder that has oci-layout, index.json and blobs in it",
  });
}

/** Every image of a source that can tell; a bundle is asked for the platform's. */
async function listWhole(
  [source]: readonly ImageSource[],
  { images: chosen, as }: PushSelection,
): Promise<readonly Named[] | undefined> {
  const listed = await source?.list?.();
  if (source === undefined || listed === undefined) return undefined;
  const names = new Set(listed.flatMap(({ references }) => references));
  const [unclear] = tellNameless(listed.filter(({ references }) => references.length === 0));
  // Who names one image, or chooses, means no other.
  const means = chosen.length > 0 || (as !== undefined && parseGivenName(as).tag !== undefined);
  if (unclear !== undefined && (!means || names.size === 0)) {
    throw new UsageError(`${source.name} cannot be pushed as it is: ${unclear}`, {
      hint: names.size === 0 ? "nothing was pushed" : "or choose with --image what has a name; nothing was pushed",
    });
  }
  return [...names].map((reference) => ({ name: reference, reference }));
}

function choose<Image extends Named>(images: readonly Image[], wanted: readonly string[]): readonly Image[] {
  if (wanted.length === 0) return images;
  const chosen = new Set<Image>();
  for (const text of wanted) {
    const found = images.filter(({ name, reference }) => name === text || reference === fullOf(text));
    if (found.length === 0) {
      throw new UsageError(`there is no image ${text} to push`, {
        hint: `choose from ${images.map(({ name }) => name).join(", ")}`,
      });
    }
    for (const image of found) chosen.add(image);
  }
  return images.filter((image) => chosen.has(image));
}

function fullOf(text: string): string | undefined {
  try {
    return formatReference(parseReference(text));
  } catch {
    return undefined;
  }
}

/** What is wrong with one image is told of it, when the others are through. */
async function findEach<Image extends Named>(
  wanted: readonly Image[],
  find: (image: Image) => Promise<SelectedImage>,
  digestOf: (image: Image) => Promise<string | undefined>,
): Promise<Omit<Selected, "close">> {
  const images: SelectedImage[] = [];
  const damaged: DamagedImage[] = [];
  for (const image of wanted) {
    try {
      images.push(await find(image));
    } catch (error) {
      if (!(error instanceof BundleError)) throw error;
      const digest = await digestOf(image);
      damaged.push({ name: image.name, reference: image.reference, error, ...(digest !== undefined && { digest }) });
    }
  }
  const [first] = damaged;
  if (images.length === 0 && first !== undefined) throw first.error;
  return { images, damaged };
}

/** What a source says it has under a name, whether or not that is whole. */
async function findListed({ reference }: Named, sources: readonly ImageSource[]): Promise<string | undefined> {
  for (const source of sources) {
    const listed = await source.list?.().catch(() => undefined);
    const found = listed?.find(({ references }) => references.includes(reference));
    if (found !== undefined) return found.digest;
  }
  return undefined;
}

/** In the first source that has it. */
async function findImage(
  { name, reference }: Named,
  sources: readonly ImageSource[],
  platforms: readonly Platform[],
): Promise<SelectedImage> {
  for (const source of sources) {
    const found = await source.resolve(reference, platforms);
    if (found === undefined) continue;
    if (platforms.length === 0) {
      return { name, reference, source, root: found.root, referrers: found.referrers, others: [] };
    }
    const { root, referrers, platforms: narrowed } = await gatherImage(reference, source, found, platforms);
    const manifests = narrowed.map(({ manifest }) => manifest);
    const apart = manifests.some(({ digest }) => digest === root.digest);
    const others = apart ? manifests.filter(({ digest }) => digest !== root.digest) : [];
    return { name, reference, source, root, referrers, others };
  }
  const details = await Promise.all(sources.map((source) => explainAbsence(source, reference)));
  throw new PreflightError(`${reference} is in none of ${sources.map((source) => source.name).join(", ")}`, {
    details,
    hint: "name a bundle with --bundle or a layout with --from oci:DIR, or build the platform's own images with slipway images build; nothing was pushed",
  });
}

function requirePlatform(text: string): Platform {
  const platform = parsePlatform(text);
  if (platform !== undefined) return platform;
  throw new UsageError(`${text} is not a platform`, { hint: "write os/architecture, for example linux/amd64" });
}

async function closeAll(sources: readonly ImageSource[]): Promise<void> {
  for (const source of sources) await source.close();
}
