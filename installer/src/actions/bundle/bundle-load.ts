import { type BundledImage, isRunnable } from "../../bundle/bundle-manifest.ts";
import type { OpenedBundle } from "../../bundle/open-bundle.ts";
import { BundleError, UsageError } from "../../errors/installer-error.ts";
import { formatPlatform, parsePlatform, type Platform } from "../../oci/descriptor.ts";
import { choosePlatform } from "../../oci/platform-choice.ts";
import type { ActionPorts, ResultHead } from "../context.ts";
import { enginePlatform } from "../images/engine-platform.ts";
import { type GivenBundle, openGivenBundle } from "./given-bundle.ts";
import { withStep } from "../../execute/with-step.ts";
import {
  type LoadableImage,
  type LoadContent,
  type LoadedImage,
  loadImages,
  type LoadOutcome,
  type LoadPorts,
} from "./load-images.ts";
import { steps } from "../../events/steps.ts";

export interface BundleLoadRequest {
  readonly bundle: GivenBundle;
  /** Names in the catalogue or references; all when empty. */
  readonly images: readonly string[];
}

export interface BundleLoadResult extends ResultHead<"BundleLoadResult"> {
  readonly name: string;
  readonly version: string;
  readonly platform: string;
  readonly images: readonly LoadedImage[];
  readonly way: LoadOutcome["way"];
  readonly ms: number;
}

export type BundleLoadPorts = ActionPorts & LoadPorts;

/**
 * Fills the local engine from a bundle with the images that it lacks.
 * @throws BundleError, PreflightError, UsageError for an image that the bundle does not have, ApplyError
 */
export async function loadBundle(request: BundleLoadRequest, ports: BundleLoadPorts): Promise<BundleLoadResult> {
  const begin = ports.clock.monotonicMs();
  const reader = await openGivenBundle(request.bundle, ports);
  try {
    const platform = enginePlatform(await ports.images.info());
    const { name, version } = reader.complete;
    const chosen = chooseImages(reader, request.images, ports);
    const images = chosen.map((image) => toLoadable(image, platform, reader.name));
    const outcome = await withStep(ports, steps.load, () => loadFromBundle(images, reader, ports));
    const ms = Math.round(ports.clock.monotonicMs() - begin);
    const head = { apiVersion: "slipway/v1", kind: "BundleLoadResult" } as const;
    return { ...head, name, version, platform: formatPlatform(platform), ...outcome, ms };
  } finally {
    await reader.close();
  }
}

/** `loadImages` with what a bundle has. */
export function loadFromBundle(
  images: readonly LoadableImage[],
  reader: OpenedBundle,
  ports: LoadPorts,
): Promise<LoadOutcome> {
  return loadImages(images, contentOf(reader), ports);
}

/** What a bundle has, as images are loaded from it. */
export function contentOf(reader: OpenedBundle): LoadContent {
  return { ...reader.content, checked: true, has: (digest) => reader.sizeOf(digest) !== undefined };
}

/**
 * An image of a bundle for one platform.
 * @throws BundleError when the bundle has it only for others, or it is no image
 */
export function toLoadable(image: BundledImage, platform: Platform, bundle: string): LoadableImage {
  if (!isRunnable(image)) {
    throw new BundleError(`${image.reference} in ${bundle} is no image that an engine could run`, {
      hint: "bring it to a registry with slipway push, or serve it with slipway bundle serve; nothing was changed",
    });
  }
  const found = choosePlatform(image.platforms, (candidate) => parsePlatform(candidate.platform), platform);
  if (found === undefined) {
    const has = image.platforms.map((candidate) => candidate.platform).join(", ");
    throw new BundleError(
      `${bundle} has ${image.reference} for ${has}, and the engine is ${formatPlatform(platform)}`,
      {
        hint: "take the bundle that was made for this platform; nothing was changed",
      },
    );
  }
  const { reference, root } = image;
  return { reference, manifest: found.manifest, ids: [found.config, found.manifest.digest, root.digest] };
}

function chooseImages(
  reader: OpenedBundle,
  wanted: readonly string[],
  { report }: Pick<ActionPorts, "report">,
): readonly BundledImage[] {
  const { images } = reader.complete;
  if (wanted.length === 0) {
    for (const { reference } of images.filter((image) => !isRunnable(image))) {
      report({
        type: "note",
        message: `${reference} is no image and stays in the bundle: engines have no place for it`,
      });
    }
    return images.filter(isRunnable);
  }
  const isNamed = (image: BundledImage, name: string): boolean =>
    image.name === name || image.reference === name || image.reference === `docker.io/${name}`;
  const unknown = wanted.filter((name) => !images.some((image) => isNamed(image, name)));
  if (unknown.length > 0) {
    throw new UsageError(`${reader.name} has no image ${unknown.join(", ")}`, {
      hint: `it has ${images.map((image) => image.name).join(", ")}`,
    });
  }
  return images.filter((image) => wanted.some((name) => isNamed(image, name)));
}
