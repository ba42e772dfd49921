import { type InstallerError, PreflightError, RegistryError } from "../errors/installer-error.ts";
import type { ImageSource, SourceImage } from "../oci/content.ts";
import type { Platform } from "../oci/descriptor.ts";
import { isOwnName } from "../oci/own-names.ts";
import { explainAbsence } from "./explain-absence.ts";
import { type NarrowedImage, gatherImage, requireImage } from "./gather-image.ts";
import { runBounded } from "./run-bounded.ts";

/** An image that is to be in a bundle. */
export interface WantedImage {
  readonly name: string;
  /** In full. */
  readonly reference: string;
  readonly licenses: string;
  readonly reasons: readonly string[];
  /** It may be a chart, an SBOM or another document, too. */
  readonly ofAnyKind?: boolean;
  /** What the reference must stand for, where that is known. */
  readonly digest?: string;
  /** What to say when no source has it. */
  readonly wayOut?: string;
}

export interface GatheredImage extends NarrowedImage {
  readonly wanted: WantedImage;
  readonly source: ImageSource;
}

export interface GatherRequest {
  readonly images: readonly WantedImage[];
  readonly platforms: readonly Platform[];
  /** In the order in which they are asked. */
  readonly sources: readonly ImageSource[];
  readonly jobs: number;
  readonly signal: AbortSignal;
  readonly onImage?: (reference: string, source: string) => void;
}

/**
 * Finds every image in the first source that has it.
 * @throws PreflightError naming every image that no source has; see `gatherImage` for the rest
 */
export async function gatherImages(request: GatherRequest): Promise<readonly GatheredImage[]> {
  const results: (GatheredImage | Missing)[] = [];
  await runBounded(
    request.images.map((wanted, at) => async () => {
      results[at] = await gatherOne(wanted, request);
    }),
    request.jobs,
    request.signal,
  );
  const missing: Missing[] = [];
  const gathered: GatheredImage[] = [];
  for (const result of results) {
    if ("missing" in result) missing.push(result);
    else gathered.push(result);
  }
  if (missing.length > 0) throw missingError(missing);
  return gathered;
}

interface Missing {
  readonly missing: WantedImage;
  /** Per source, why not. */
  readonly reasons: readonly string[];
}

async function gatherOne(wanted: WantedImage, request: GatherRequest): Promise<GatheredImage | Missing> {
  const reasons: string[] = [];
  for (const source of request.sources) {
    request.signal.throwIfAborted();
    let found: SourceImage | undefined;
    try {
      found = await source.resolve(wanted.reference, request.platforms);
    } catch (error) {
      // A registry that cannot be reached is not the end: another source may have the image.
      if (!(error instanceof RegistryError)) throw error;
      reasons.push(describe(error));
      continue;
    }
    if (found === undefined) {
      reasons.push(await explainAbsence(source, wanted.reference));
      continue;
    }
    const image = await gatherImage(wanted.reference, source, found, request.platforms);
    if (wanted.ofAnyKind !== true) requireImage(wanted.reference, source, image);
    checkDigest(wanted, found, image, source);
    request.onImage?.(wanted.reference, source.name);
    return { ...image, wanted, source };
  }
  return { missing: wanted, reasons };
}

/** The digest of the catalogue may be that of the index or, from a source that keeps one platform, of its manifest. */
function checkDigest(wanted: WantedImage, found: SourceImage, image: NarrowedImage, source: ImageSource): void {
  if (wanted.digest === undefined || wanted.digest === found.root.digest) return;
  if (image.platforms.some(({ manifest }) => manifest.digest === wanted.digest)) return;
  throw new RegistryError(
    `${wanted.reference} from ${source.name} is ${found.root.digest}, and it should be ${wanted.digest}`,
    { hint: "the tag was moved, or the source has something else under this name; name another source with --from" },
  );
}

function describe(error: InstallerError): string {
  return error.hint === undefined ? error.message : `${error.message} (${error.hint})`;
}

function missingError(missing: readonly Missing[]): PreflightError {
  const wayOut = missing.flatMap(({ missing: { wayOut: way } }) => way ?? []);
  const names = missing.map(({ missing: { reference } }) => reference);
  const details = missing.flatMap(({ missing: { reference }, reasons }) => [
    reference,
    ...reasons.map((reason) => `  ${reason}`),
  ]);
  const other = names.some(isOwnName) ? ["slipway images build makes our own images"] : [];
  const ways = [...new Set([...other, ...wayOut])];
  return new PreflightError(
    `${names.length === 1 ? "an image is" : `${names.length} images are`} in none of the sources; nothing was written`,
    {
      details,
      hint: `${ways.map((way) => `${way}; `).join("")}${ways.length === 0 ? "" : "or "}name a source that has them with --from`,
    },
  );
}
