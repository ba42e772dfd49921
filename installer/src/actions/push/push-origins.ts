import type { ImageSource } from "../../oci/content.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { blobsOf } from "../../registry/push/build-push-plan.ts";
import type { BlobOrigin } from "../../registry/push/place-blobs.ts";
import type { PlannedImage, PushPlan } from "../../registry/push/push-plan.ts";
import { type ReadFrom, readFrom } from "../../registry/push/read-image.ts";
import { type Spool, spoolBlobs } from "../../registry/push/spool-blobs.ts";
import type { ActionPorts } from "../context.ts";
import type { SelectedImage } from "./push-sources.ts";

/** A blob with who can open it. */
interface Origin {
  readonly descriptor: Descriptor;
  readonly source: ImageSource;
  readonly from: ReadFrom;
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
    const from = readFrom(selected.source, selected.reference);
    for (const descriptor of blobsOf(image)) {
      const known = origins.get(descriptor.digest);
      // What can be opened in any order needs no room in the cache.
      if (known !== undefined && known.source.feed === undefined) continue;
      origins.set(descriptor.digest, { descriptor, source: selected.source, from });
    }
  }
  const spools = await spoolAll([...origins.values()], cacheDir, ports);
  const originOf = (descriptor: Descriptor): BlobOrigin => {
    const origin = origins.get(descriptor.digest);
    if (origin === undefined) throw new TypeError(`no image has ${descriptor.digest}`);
    const { source, from } = origin;
    const content = spools.get(source)?.content ?? source.content;
    return {
      open: () => (content.openUnhashed ?? content.open)(descriptor),
      // A bundle names the part that is damaged.
      openChecked: () => content.open(descriptor),
      toError: (problem) => from.toError(`blob ${descriptor.digest} ${problem}`),
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
