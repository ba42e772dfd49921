import { compareText } from "../../language/compare-text.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import type { PlannedBlob, PlannedImage, PushPlan, ReadManifest } from "./push-plan.ts";

/**
 * Puts together what a push has to do: the union of the blobs, the largest first, with every repository that needs each.
 * @param preferred repositories that are to get the bytes of a blob themselves rather than mount them, where it matters
 */
export function buildPushPlan(
  host: string,
  images: readonly PlannedImage[],
  preferred: (digest: string, repository: string) => boolean = () => false,
): PushPlan {
  const blobs = new Map<string, { readonly descriptor: Descriptor; readonly repositories: Set<string> }>();
  const perRepository = new Map<string, Map<string, Descriptor>>();
  for (const image of images) {
    const own = perRepository.get(image.repository) ?? new Map<string, Descriptor>();
    perRepository.set(image.repository, own);
    for (const descriptor of blobsOf(image)) {
      const blob = blobs.get(descriptor.digest) ?? { descriptor, repositories: new Set<string>() };
      blobs.set(descriptor.digest, blob);
      blob.repositories.add(image.repository);
      own.set(descriptor.digest, descriptor);
    }
  }
  const planned = [...blobs.values()].map(({ descriptor, repositories }) => {
    const [first, others] = partition([...repositories], (name) => preferred(descriptor.digest, name));
    return { descriptor, repositories: [...first, ...others] };
  });
  return {
    host,
    images,
    blobs: planned.toSorted(largestFirst),
    bytes: planned.reduce((sum, { descriptor }) => sum + descriptor.size, 0),
    repositories: [...perRepository]
      .map(([repository, own]) => {
        const descriptors = [...own.values()];
        return { repository, blobs: descriptors, bytes: descriptors.reduce((sum, { size }) => sum + size, 0) };
      })
      .toSorted((a, b) => compareText(a.repository, b.repository)),
  };
}

/** Every manifest of an image with those that refer to it. */
export function manifestsOf(image: PlannedImage): readonly ReadManifest[] {
  return [...image.manifests, ...image.referrers.flatMap(({ manifests }) => manifests)];
}

/** Configurations and layers of an image and of what refers to it; each once. */
export function blobsOf(image: PlannedImage): readonly Descriptor[] {
  const blobs = new Map<string, Descriptor>();
  for (const { manifest } of manifestsOf(image)) {
    if (manifest.kind === "image") {
      for (const descriptor of [manifest.config, ...manifest.layers]) blobs.set(descriptor.digest, descriptor);
    }
  }
  return [...blobs.values()];
}

function largestFirst(a: PlannedBlob, b: PlannedBlob): number {
  return b.descriptor.size - a.descriptor.size || compareText(a.descriptor.digest, b.descriptor.digest);
}

function partition<T>(items: readonly T[], test: (item: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}
