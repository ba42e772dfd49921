import { listTexts } from "../../language/list-texts.ts";
import type { ImageSource } from "../../oci/content.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { blobsOf } from "../../registry/push/build-push-plan.ts";
import type { BlobOrigin } from "../../registry/push/place-blobs.ts";
import type { PlannedImage, PushPlan } from "../../registry/push/push-plan.ts";
import { readFrom } from "../../registry/push/read-image.ts";
import { type Spool, spoolBlobs } from "../../registry/push/spool-blobs.ts";
import type { ActionPorts } from "../context.ts";
import type { SelectedImage } from "./push-sources.ts";

/** A blob with who can open it. */
interface Origin {
  readonly descriptor: Descriptor;
  readonly source: ImageSource;
  /** Every image that needs it. */
  readonly references: Set<string>;
}

export interface BlobOrigins {
  readonly originOf: (descriptor: Descriptor) => BlobOrigin;
  /** Removes what this run brought into the cache. */
  release(): Promise<void>;
}

/**
 * Where each blob of a plan is taken from. Blobs of a source with an order of its own are brought into the cache first.
 * @throws PreflightError when the cache's disk cannot hold them
 */
export async function findOrigins(
  plan: PushPlan,
  imageOf: (image: PlannedImage) => SelectedImage | undefined,
  cacheDir: string,
  ports: ActionPorts,
): Promise<BlobOrigins> {
  const origins = new Map<string, Origin>();
  for (const image of plan.images) {
    const selected = imageOf(image);
    if (selected === undefined) continue;
    const { source, reference } = selected;
    for (const descriptor of blobsOf(image)) {
      const known = origins.get(descriptor.digest);
      const references = (known?.references ?? new Set()).add(reference);
      // What can be opened in any order needs no room in the cache.
      if (known !== undefined && known.source.feed === undefined) continue;
      origins.set(descriptor.digest, { descriptor, source, references });
    }
  }
  const spools = await spoolAll([...origins.values()], cacheDir, ports);
  const originOf = (descriptor: Descriptor): BlobOrigin => {
    const origin = origins.get(descriptor.digest);
    if (origin === undefined) throw new TypeError(`no image has ${descriptor.digest}`);
    const { source, references } = origin;
    const content = spools.get(source)?.content ?? source.content;
    return {
      open: () => (content.openUnhashed ?? content.open)(descriptor),
      // A bundle names the part that is damaged.
      openChecked: () => content.open(descriptor),
      toError: (problem) =>
        readFrom(source, listTexts([...references])).toError(`blob ${descriptor.digest} ${problem}`),
    };
  };
  return {
    originOf,
    release: async () => {
      for (const spool of spools.values()) await spool.release();
    },
  };
}

async function spoolAll(
  origins: readonly Origin[],
  cacheDir: string,
  ports: ActionPorts,
): Promise<ReadonlyMap<ImageSource, Spool>> {
  const spools = new Map<ImageSource, Spool>();
  const sources = new Set(origins.map(({ source }) => source).filter(({ feed }) => feed !== undefined));
  for (const source of sources) {
    const wanted = origins.filter((origin) => origin.source === source).map(({ descriptor }) => descriptor);
    ports.report({
      type: "progress",
      step: "push",
      id: source.name,
      detail: `taking ${wanted.length} layers into the cache`,
    });
    spools.set(source, await spoolBlobs(source, wanted, cacheDir, ports));
  }
  return spools;
}
