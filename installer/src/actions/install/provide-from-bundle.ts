import { type BundledImage, isRunnable } from "../../bundle/bundle-manifest.ts";
import type { OpenedBundle } from "../../bundle/open-bundle.ts";
import { runBounded } from "../../bundle/run-bounded.ts";
import { BundleError, RegistryError } from "../../errors/installer-error.ts";
import type { Platform } from "../../oci/descriptor.ts";
import { formatTarget, mapReference, parseTarget, type RegistryTarget } from "../../oci/path-rules.ts";
import { formatReference, fullTagged, parseReference } from "../../oci/reference.ts";
import { contentOf, loadFromBundle, toLoadable } from "../bundle/bundle-load.ts";
import { describeWays, sectionOfComponent } from "../../plan/component-names.ts";
import type { Values } from "../../values/values.generated.ts";
import type { Target } from "../../targets/target.ts";
import type { ActionPorts } from "../context.ts";
import type { Desired } from "../desired/desired.ts";
import { type LoadableImage, type LoadPorts, requireLoadable } from "../bundle/load-images.ts";
import { openRegistries, type RegistryOptions } from "../push/registry-options.ts";
import { describeUnavailable, imagesOfPlan, type UnavailableImage } from "./provide-images.ts";

/** What images of a plan are taken from, and how. */
export interface BundleImages {
  readonly reader: OpenedBundle;
  readonly platform: Platform;
  /** How a private registry is spoken to. */
  readonly registry: RegistryOptions;
}

export type ProvidePorts = ActionPorts & LoadPorts;

const pullsAtOnce = 3;

/** Where the values say that images are; undefined when they are loaded into the engine. */
export function targetOf(desired: Desired): RegistryTarget | undefined {
  const registry = desired.values?.images.registry ?? "";
  return registry === "" ? undefined : parseTarget(registry);
}

/** Images of the bundle by the reference that the plan has for them, without digest. */
function bundledImages(desired: Desired, { reader }: BundleImages): ReadonlyMap<string, BundledImage> {
  const target = targetOf(desired);
  const nameOf = (reference: string): string =>
    fullTagged(
      target === undefined ? reference : formatReference(mapReference(parseReference(reference), target, "keep")),
    );
  return new Map(reader.complete.images.map((image) => [nameOf(image.reference), image]));
}

/**
 * Ports whose target tells, of images that the bundle brings, what their references will stand for once they are loaded: a
 * plan made before that sees that an image is another one under the same name.
 */
export function expectBundledImages<Ports extends Pick<ActionPorts, "target">>(
  ports: Ports,
  { reader, platform }: BundleImages,
): Ports {
  const coming = new Map(
    reader.complete.images
      .filter(isRunnable)
      .map((image) => [fullTagged(image.reference), toLoadable(image, platform, reader.name).ids]),
  );
  const observe: Target["observe"] = async (install, question) => {
    const live = await ports.target.observe(install, question);
    const imageIds = new Map(live.imageIds);
    for (const reference of question.images) {
      const ids = coming.get(fullTagged(reference));
      const [id] = ids ?? [];
      if (id !== undefined && ids?.includes(imageIds.get(reference) ?? "") === false) imageIds.set(reference, id);
    }
    return { ...live, imageIds };
  };
  return { ...ports, target: { ...ports.target, observe } };
}

/** The images of the plan that neither the bundle nor the target has. */
export async function findUnbundled(
  desired: Desired,
  source: BundleImages,
  { target: { images } }: Pick<ActionPorts, "target">,
): Promise<readonly UnavailableImage[]> {
  const bundled = bundledImages(desired, source);
  const unbundled = imagesOfPlan(desired.plan).filter((image) => !bundled.has(fullTagged(image.reference)));
  const present = await images?.imageIds(unbundled.map((image) => image.reference));
  return unbundled
    .filter((image) => present?.has(image.reference) !== true)
    .map((image) => describeUnavailable(desired, image, `it is not in ${source.reader.name}`));
}

/**
 * The components to leave out because the bundle was made without them.
 * @throws BundleError naming images that the bundle should have
 */
export function componentsToLeaveOut(
  unbundled: readonly UnavailableImage[],
  reader: Pick<OpenedBundle, "complete" | "name">,
  values?: Values,
): readonly string[] {
  const left = new Set((reader.complete.without ?? []).map((name) => sectionOfComponent(name)));
  const isLeft = (component: string): boolean => left.has(sectionOfComponent(component));
  const lacking = unbundled.filter((image) => !image.components.every(isLeft));
  if (lacking.length > 0) {
    const components = [...new Set(lacking.flatMap((image) => image.components))];
    throw new BundleError(
      `${reader.name} lacks ${lacking.length === 1 ? "an image" : "images"} that the values ask for`,
      {
        details: lacking.map((image) => `${image.reference} (${image.components.join(", ")})`),
        hint: describeWays(["take a bundle that was made with them", "load them into the engine"], components, values),
      },
    );
  }
  return [...new Set(unbundled.flatMap((image) => image.components))].sort();
}

/**
 * Makes sure, before anything is changed, that a private registry has what is needed and is not in the engine yet.
 * @throws RegistryError naming what is missing there, with the push that brings it
 */
export async function requireAtRegistry(desired: Desired, source: BundleImages, ports: ProvidePorts): Promise<void> {
  const target = targetOf(desired);
  if (target === undefined) return;
  const missing = await missingInEngine(desired, source, ports);
  if (missing.length === 0) return;
  const access = await openRegistries(source.registry, target.host, ports);
  const client = access.connect(target.host);
  const absent: string[] = [];
  const places = missing.map((reference) => ({ reference, ...parseReference(reference) }));
  client.expect(places.map(({ repository }) => ({ repository, actions: "pull" })));
  try {
    await runBounded(
      places.map(({ reference, repository, tag = "latest", digest = tag }) => async () => {
        if ((await client.headManifest(repository, digest)) === undefined) absent.push(reference);
      }),
      access.connections,
      ports.signal,
    );
  } finally {
    client.close();
  }
  if (absent.length === 0) return;
  const place = formatTarget(target);
  throw new RegistryError(
    absent.length === 1 ? `an image is not in ${place}` : `${absent.length} images are not in ${place}`,
    {
      details: absent.toSorted(),
      hint: `bring them there first: slipway push --bundle ${source.reader.file.path} --to ${place}`,
    },
  );
}

/** References of images of the bundle that the plan needs and the engine lacks. */
async function missingInEngine(
  desired: Desired,
  source: BundleImages,
  ports: Pick<ActionPorts, "images">,
): Promise<readonly string[]> {
  const bundled = bundledImages(desired, source);
  const needed = imagesOfPlan(desired.plan)
    .map((image) => image.reference)
    .filter((reference) => bundled.has(fullTagged(reference)));
  const present = await ports.images.imageIds(needed);
  return needed.filter((reference) => !present.has(reference));
}

/**
 * Makes sure, before anything is changed, that the bundle has all of every image that the engine is to get from it.
 * @throws BundleError naming what is missing: a delta needs what it builds on
 */
export async function requireInBundle(
  desired: Desired,
  source: BundleImages,
  ports: Pick<ProvidePorts, "images">,
): Promise<void> {
  if (targetOf(desired) !== undefined) return;
  await requireLoadable(loadableImages(desired, source), contentOf(source.reader), ports);
}

function loadableImages(desired: Desired, source: BundleImages): readonly LoadableImage[] {
  return neededOfBundle(desired, source).map((image) => toLoadable(image, source.platform, source.reader.name));
}

/** The images of the bundle that the plan needs. */
export function neededOfBundle(desired: Desired, source: BundleImages): readonly BundledImage[] {
  const bundled = bundledImages(desired, source);
  return imagesOfPlan(desired.plan).flatMap((image) => bundled.get(fullTagged(image.reference)) ?? []);
}

/**
 * Gives the engine the images of the plan: from the private registry where the values name one, else from the bundle.
 * Nothing is pulled from anywhere else, and nothing is built.
 * @throws BundleError, RegistryError, ApplyError naming the image; PreflightError when the engine's disk cannot hold them
 */
export async function provideFromBundle(desired: Desired, source: BundleImages, ports: ProvidePorts): Promise<void> {
  const target = targetOf(desired);
  if (target !== undefined) {
    await pullFrom(target, desired, source, ports);
    return;
  }
  await loadFromBundle(loadableImages(desired, source), source.reader, {
    ...ports,
    report: (event) => ports.report("step" in event ? { ...event, step: "images" } : event),
  });
}

async function pullFrom(
  target: RegistryTarget,
  desired: Desired,
  source: BundleImages,
  ports: ProvidePorts,
): Promise<void> {
  const missing = await missingInEngine(desired, source, ports);
  if (missing.length === 0) return;
  const { credentials: store } = await openRegistries(source.registry, target.host, ports);
  await runBounded(
    missing.map((reference) => async () => {
      const head = { step: "images", id: reference } as const;
      ports.report({ type: "item", ...head, state: "starting" });
      const credentials = await store.find(target.host, parseReference(reference).repository);
      await ports.images.pullImage({
        reference,
        ...(credentials === undefined ? {} : { credentials }),
        onProgress: (detail) => ports.report({ type: "progress", ...head, detail }),
        signal: ports.signal,
      });
      ports.report({ type: "item", ...head, state: "done" });
    }),
    pullsAtOnce,
    ports.signal,
  );
}
