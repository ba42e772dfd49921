import { generatedImagesPath, renderImageReferences } from "../../installer/src/images/image-references.ts";
import type { GeneratedFile } from "./generated-file.ts";

/** The references of our images, from the sources that go into them: the running program reads them instead of hashing. */
export async function generateImageReferences(): Promise<readonly GeneratedFile[]> {
  const root = new URL("../..", import.meta.url).pathname;
  return [{ path: generatedImagesPath, contents: await renderImageReferences(root) }];
}
