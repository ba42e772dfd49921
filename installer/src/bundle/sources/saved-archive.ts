import type { ImageSource, SourceImage } from "../../oci/content.ts";
import { hasImageConfig, layerMismatch } from "../../oci/image-config.ts";
import { createManifestReader } from "../manifest-reader.ts";
import { type DockerArchive, openDockerArchive } from "./docker-archive-source.ts";
import type { LayoutFiles } from "./layout-files.ts";

/**
 * An archive that is an OCI layout and has the older `manifest.json` too. The layout counts, for it has images as they
 * are; where it has a manifest without the layers of its configuration, as first builds of Docker 25 wrote it, the image
 * is put together by `manifest.json`.
 */
export function openSavedArchive(layout: ImageSource, files: LayoutFiles, name: string): ImageSource {
  let docker: DockerArchive | undefined;
  const { content } = layout;
  const contentOf = (digest: string): ImageSource["content"] =>
    docker?.makes(digest) === true ? docker.content : content;
  return {
    ...layout,
    async resolve(reference, platforms) {
      const found = await layout.resolve(reference, platforms);
      const config = found === undefined ? undefined : await findContradicted(found, layout);
      if (found === undefined || config === undefined) return found;
      docker ??= await openDockerArchive(files, name);
      const root = await docker.findConfig(config);
      return root === undefined ? found : { ...found, root };
    },
    content: {
      open: (descriptor, range) => contentOf(descriptor.digest).open(descriptor, range),
      locate: (descriptor) => contentOf(descriptor.digest).locate?.(descriptor) ?? Promise.resolve(undefined),
      sizeOf: (digest) => contentOf(digest).sizeOf?.(digest) ?? Promise.resolve(undefined),
    },
  };
}

/** The digest of the configuration that a manifest contradicts. */
async function findContradicted({ reference, root }: SourceImage, layout: ImageSource): Promise<string | undefined> {
  const reader = createManifestReader(reference, layout);
  const { manifest } = await reader.read(root);
  if (manifest.kind === "index" || !hasImageConfig(manifest)) return undefined;
  if ((await reader.lack(manifest.config)) !== undefined) return undefined;
  const mismatch = layerMismatch(manifest, await reader.readBlob(manifest.config));
  return mismatch === undefined ? undefined : manifest.config.digest;
}
