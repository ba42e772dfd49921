import { BundleError } from "../../errors/installer-error.ts";
import { fieldsOf } from "../../language/fields.ts";
import type { ImageSource, ListedImage, SourceImage } from "../../oci/content.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { hexOf, isDigest } from "../../oci/digest.ts";
import { parseManifest } from "../../oci/manifest.ts";
import { plainDescriptor } from "../build-bundle-manifest.ts";
import { contentError } from "../content-error.ts";
import { readSmall } from "../read-small.ts";

/** What `cosign save` writes beside an image: signatures, attestations, SBOMs. */
export type CosignPart = "sig" | "att" | "sbom";

const parts: Readonly<Partial<Record<string, CosignPart>>> = { sigs: "sig", atts: "att", sboms: "sbom" };

/** Such an entry. */
export interface AttachedEntry extends Pick<ListedImage, "references">, SavedKind {
  readonly entry: Descriptor;
}

type Source = Pick<ImageSource, "kind" | "name" | "content">;

/** What an entry is, and of what where that is said too. */
export interface SavedKind {
  readonly part: CosignPart;
  readonly subject?: string;
}

/**
 * What an entry is by the kind that `cosign save`, and Hauler after it, gives it; undefined for an image and where there is
 * none. Hauler writes the manifest of a platform behind the kind.
 */
export function savedKindOf({ annotations }: Descriptor): SavedKind | undefined {
  const found = /^dev\.(?:cosignproject\.cosign|hauler)\/(\w+)(?:\/([0-9a-f]{64}))?$/.exec(annotations?.["kind"] ?? "");
  const [, kind = "", hex] = found ?? [];
  const part = parts[kind];
  if (part === undefined) return undefined;
  return { part, ...(hex !== undefined && { subject: `sha256:${hex}` }) };
}

/**
 * Finds the image that each entry belongs to: the one that is said, else the one of the same name, else the only one there is, else the one that a
 * signature itself names. What belongs to no image of the layout is left out.
 * @throws BundleError where it could be several
 */
export async function attachSaved(
  attached: readonly AttachedEntry[],
  images: readonly ListedImage[],
  source: Source,
): Promise<SourceImage["referrers"]> {
  const found: SourceImage["referrers"][number][] = [];
  for (const { entry, part, references, subject: said } of attached) {
    const named = images.filter((image) => image.references.some((name) => references.includes(name)));
    const candidates = [...new Set((references.length > 0 ? named : images).map(({ digest }) => digest))];
    const subject = said ?? (candidates.length > 1 ? await signedBy(entry, part, source) : candidates[0]);
    if (subject === undefined) continue;
    const tag = `sha256-${hexOf(subject)}.${part}`;
    found.push({ descriptor: plainDescriptor(entry), subject, tag });
  }
  return found;
}

/** The digest that a signature's payload names: `critical.image.docker-manifest-digest`. */
async function signedBy(entry: Descriptor, part: CosignPart, source: Source): Promise<string> {
  const toError = contentError(source, `the manifest ${entry.digest}`);
  const manifest = parseManifest(await readSmall(source.content, entry, toError), toError);
  const payload = manifest.kind === "image" && part === "sig" ? manifest.layers[0] : undefined;
  const document = payload === undefined ? "" : (await readSmall(source.content, payload, toError)).toString("utf8");
  const digest = fieldsOf(fieldsOf(fieldsOf(parseJson(document))["critical"])["image"])["docker-manifest-digest"];
  if (typeof digest === "string" && isDigest(digest)) return digest;
  throw new BundleError(`${source.name} does not tell which of its images ${entry.digest} (${part}) belongs to`, {
    hint: "save each image with cosign into a folder of its own",
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
