import { type Catalogue, isOwn, parseCatalogue } from "./catalogue.ts";
import { ownReference } from "./build-plan.ts";
import { computeImageTags } from "./image-tags.ts";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** What the running program needs to know of one image; `images/images.generated.json` holds one a name. */
export interface ImageReference {
  readonly kind: "built" | "third-party";
  readonly reference: string;
  readonly title: string;
  readonly version: string;
  /** Of third-party images: `sha256:…` or `unresolved`. */
  readonly digest?: string;
  readonly reason?: string;
}

/** Path, from the root of the checkout, of the generated file. */
export const generatedImagesPath = "images/images.generated.json";

/** The contents of the generated file: every image that ships, by name, with the reference that the current sources give it. */
export async function renderImageReferences(repoRoot: string): Promise<string> {
  const catalogue = parseCatalogue(await readFile(join(repoRoot, "images/catalogue.yaml"), "utf8"));
  const tags = await computeImageTags(repoRoot);
  return `${JSON.stringify({ images: imageReferences(catalogue, tags) }, undefined, 2)}\n`;
}

/** The references of every image that ships. */
export function imageReferences(
  catalogue: Catalogue,
  tags: Readonly<Record<string, string>>,
): Readonly<Record<string, ImageReference>> {
  const references: Record<string, ImageReference> = {};
  for (const image of Object.values(catalogue.images)) {
    if (image.kind === "internal") continue;
    const { title, version } = image;
    references[image.name] = isOwn(image)
      ? { kind: "built", reference: ownReference(catalogue, tags, image.name), title, version }
      : {
          kind: "third-party",
          reference: image.reference,
          title,
          version,
          digest: image.digest,
          ...(image.reason === undefined ? {} : { reason: image.reason }),
        };
  }
  return references;
}
