import { join } from "node:path";
import { InstallerError, PreflightError } from "../../errors/installer-error.ts";
import { imagesOf as referencesOf } from "../../render/rendering.ts";
import { throwIfInterrupted } from "../../execute/interrupt.ts";
import type { Image, Plan } from "../../plan/model.ts";
import { buildImages } from "../images/images.ts";
import { describeWays } from "../../plan/component-names.ts";
import type { ActionPorts } from "../context.ts";
import type { Desired } from "../desired/desired.ts";

export interface ImageRequest {
  readonly stateDir: string;
  readonly cacheDir?: string | undefined;
  readonly jobs?: number | undefined;
}

/** An image that could not be had, and why. */
export interface UnavailableImage {
  readonly reference: string;
  readonly components: readonly string[];
  readonly reason: string;
}

/** The images of the plan that the engine lacks. */
export async function missingImages(desired: Desired, ports: ActionPorts): Promise<readonly Image[]> {
  const present = await ports.images.imageIds(referencesOf(desired.rendering));
  return imagesOfPlan(desired.plan).filter((image) => !present.has(image.reference));
}

/**
 * Pulls and builds what is missing.
 * @returns the images that could not be had
 */
export async function provideImages(
  desired: Desired,
  request: ImageRequest,
  ports: ActionPorts,
): Promise<readonly UnavailableImage[]> {
  const missing = await missingImages(desired, ports);
  const always = desired.plan.settings.pullPolicy === "always";
  const unavailable = await buildMissing(
    desired,
    missing.filter((image) => isBuiltHere(desired, image)),
    request,
    ports,
  );
  const toPull = (always ? imagesOfPlan(desired.plan) : missing).filter((image) => !isBuiltHere(desired, image));
  for (const image of toPull) {
    throwIfInterrupted(ports.signal, `pulling ${image.reference}`);
    const reason = await pull(desired, image, ports);
    const needed = missing.includes(image);
    if (reason !== undefined && needed) unavailable.push(describeUnavailable(desired, image, reason));
  }
  return unavailable;
}

/** With a registry of one's own everything comes from there: a build here has neither its name nor its digest. */
function isBuiltHere({ values }: Desired, image: Image): boolean {
  return image.source === "built" && (values === undefined || values.images.registry === "");
}

/**
 * Stops when images could not be had.
 * @throws PreflightError naming each with the ways out
 */
export function requireImages(unavailable: readonly UnavailableImage[]): void {
  if (unavailable.length === 0) return;
  const components = [...new Set(unavailable.flatMap((image) => image.components))];
  throw new PreflightError(
    unavailable.length === 1 ? "an image cannot be had" : `${unavailable.length} images cannot be had`,
    {
      details: unavailable.map((image) => `${image.reference} (${image.components.join(", ")}): ${image.reason}`),
      hint: describeWays(["give a registry that has them", "load them from a bundle"], components),
    },
  );
}

async function buildMissing(
  desired: Desired,
  missing: readonly Image[],
  request: ImageRequest,
  ports: ActionPorts,
): Promise<UnavailableImage[]> {
  if (missing.length === 0) return [];
  if (ports.assets.checkout === undefined) {
    const reason = "it is built from a checkout, and this program does not run from one";
    return missing.map((image) => describeUnavailable(desired, image, reason));
  }
  const names = [...new Set(missing.map((image) => image.name))];
  await buildImages(
    {
      names,
      cacheDir: request.cacheDir ?? join(request.stateDir, "build"),
      ...(request.jobs === undefined ? {} : { jobs: request.jobs }),
    },
    ports,
  );
  const present = await ports.images.imageIds(missing.map((image) => image.reference));
  return missing
    .filter((image) => !present.has(image.reference))
    .map((image) => describeUnavailable(desired, image, "it was built, but not under this reference"));
}

async function pull(desired: Desired, image: Image, ports: ActionPorts): Promise<string | undefined> {
  if (desired.plan.settings.pullPolicy === "never") return "it is not in the engine, and pulling is switched off";
  try {
    ports.report({ type: "progress", step: "images", id: image.reference, detail: "pulling" });
    await ports.images.pull(
      image.reference,
      (detail) => ports.report({ type: "progress", step: "images", id: image.reference, detail }),
      ports.signal,
    );
    return undefined;
  } catch (error) {
    if (!(error instanceof InstallerError) || error.code !== "REGISTRY_FAILED") throw error;
    return error.details.at(-1) ?? error.message;
  }
}

/** The images of everything that may run, each once. */
export function imagesOfPlan(plan: Plan): readonly Image[] {
  const images = new Map<string, Image>();
  for (const { image } of containersOf(plan)) images.set(image.reference, image);
  return [...images.values()].sort((a, b) => (a.reference < b.reference ? -1 : 1));
}

function containersOf(plan: Plan): readonly { readonly component: string; readonly image: Image }[] {
  return [
    ...plan.components.flatMap(({ id, workload }) =>
      workload === undefined ? [] : [{ component: id, image: workload.container.image }],
    ),
    ...plan.jobs.map((job) => ({ component: job.component, image: job.container.image })),
  ];
}

/** An image that cannot be had, with who needs it. */
export function describeUnavailable(desired: Desired, image: Image, reason: string): UnavailableImage {
  const users = containersOf(desired.plan).filter((user) => user.image.reference === image.reference);
  return { reference: image.reference, components: [...new Set(users.map((user) => user.component))].sort(), reason };
}
