import type { Readable } from "node:stream";
import type { Docker, ImageDetails } from "../ports.ts";
import { familiarReference } from "./engine-answers.ts";
import type { EngineClient } from "./engine-client.ts";
import { readBody } from "./engine-client.ts";

/** The part of the Engine API's answer about one image that is read. */
export interface ImageInspect {
  readonly Id: string;
  readonly RepoTags?: readonly string[] | null;
  readonly RepoDigests?: readonly string[] | null;
  readonly Os?: string;
  readonly Architecture?: string;
  readonly Variant?: string;
  readonly Size?: number;
  readonly RootFS?: { readonly Layers?: readonly string[] | null };
}

type ExportCalls = Pick<Docker, "exportImages" | "imageDetails">;

/** Reading images out of the engine: Engine API 1.24 and later, "Export several images" and "Inspect an image". */
export function exportCalls(client: EngineClient): ExportCalls {
  return {
    imageDetails: async (reference) => {
      const path = `/images/${familiarReference(reference)}/json`;
      const answer = await client.stream(path, { accept: [404] });
      const body = await readBody(answer);
      return answer.statusCode === 404 ? undefined : fromImageInspect(JSON.parse(body) as ImageInspect);
    },
    exportImages: async (references, signal): Promise<Readable> => {
      // The engine takes the parameter many times; its older form, one list, it does not split.
      const names = references.map((reference) => `names=${encodeURIComponent(familiarReference(reference))}`);
      return await client.stream(`/images/get?${names.join("&")}`, { signal });
    },
  };
}

/** What the engine says of an image, in our words. */
export function fromImageInspect(answer: ImageInspect): ImageDetails {
  return {
    id: answer.Id,
    layers: answer.RootFS?.Layers ?? [],
    os: answer.Os ?? "linux",
    architecture: answer.Architecture ?? "amd64",
    ...(answer.Variant === undefined || answer.Variant === "" ? {} : { variant: answer.Variant }),
    size: answer.Size ?? 0,
    tags: answer.RepoTags ?? [],
    digests: answer.RepoDigests ?? [],
  };
}
