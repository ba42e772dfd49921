import { join } from "node:path";
import { InstallerError, PreflightError } from "../../errors/installer-error.ts";
import { imagesOf as referencesOf } from "../../render/rendering.ts";
import { steps } from "../../events/steps.ts";
import { withStep } from "../../execute/with-step.ts";
import { stepsByImage } from "../../execute/bring-up-graph.ts";
import { throwIfInterrupted } from "../../execute/interrupt.ts";
import type { Image, Plan } from "../../plan/model.ts";
import type { Values } from "../../values/values.generated.ts";
import { isOwnName, ownNameReason } from "../../oci/own-names.ts";
import { buildImages } from "../images/images.ts";
import { describeWays } from "../../plan/component-names.ts";
import type { ActionPorts } from "../context.ts";
import type { Desired } from "../desired/desired.ts";
import { readImageTable } from "../desired/load-plan.ts";

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

/** What is known of the images of a plan once those that can be pulled are there. */
export interface ProvidedImages {
  readonly unavailable: readonly UnavailableImage[];
  /** Images that are still being built; absent when everything is there. */
  readonly coming?: ComingImages;
}

export interface ComingImages {
  /** Resolves once the target has the image; rejects with why it could not be built. */
  readonly ready: (reference: string) => Promise<void>;
  /** Settles when nothing is being built any more, however it ended; never rejects. */
  readonly ended: Promise<void>;
  /** Ends the builds that are under way. */
  readonly stop: () => void;
}

/**
 * Pulls and builds what is missing, unless the target's nodes pull what they run. With `goOn` it does not wait for the builds: what starts first is built first.
 * @throws CommandError when a build that is waited for fails; InterruptedError
 */
export async function provideImages(
  desired: Desired,
  request: ImageRequest & { readonly goOn: boolean },
  ports: ActionPorts,
): Promise<ProvidedImages> {
  if (ports.target.images === undefined) return { unavailable: [] };
  const missing = await missingImages(desired, ports);
  const toBuild = buildable(desired, missing, ports);
  if (toBuild.length > 0 && ports.assets.checkout === undefined) {
    const reason = "it is built from a checkout, and this program does not run from one";
    const unavailable = toBuild.map((image) => describeUnavailable(desired, image, reason));
    return { unavailable: [...unavailable, ...(await pullMissing(desired, { missing, toBuild }, ports))] };
  }
  const coming = toBuild.length === 0 ? undefined : startBuilds(desired, toBuild, request, ports);
  try {
    const unavailable = await pullMissing(desired, { missing, toBuild }, ports);
    if (coming === undefined) return { unavailable };
    if (request.goOn) return { unavailable, coming };
    await Promise.all(toBuild.map((image) => coming.ready(image.reference)));
    return { unavailable };
  } catch (error) {
    coming?.stop();
    await coming?.ended;
    throw error;
  }
}

/** Pulls what is missing, or everything where the values say so; returns what could not be had. */
async function pullMissing(
  desired: Desired,
  { missing, toBuild }: { readonly missing: readonly Image[]; readonly toBuild: readonly Image[] },
  ports: ActionPorts,
): Promise<readonly UnavailableImage[]> {
  const always = desired.plan.settings.pullPolicy === "always";
  const wanted = always ? imagesOfPlan(desired.plan).filter((image) => !isBuiltHere(desired, image)) : [];
  const toPull = [...new Set([...wanted, ...missing.filter((image) => !toBuild.includes(image))])];
  if (toPull.length === 0) return [];
  return withStep(ports, steps.images, async () => {
    const unavailable: UnavailableImage[] = [];
    for (const image of toPull) {
      throwIfInterrupted(ports.signal, `pulling ${image.reference}`);
      const reason = await pull(desired, image, ports);
      if (reason !== undefined && missing.includes(image)) {
        unavailable.push(describeUnavailable(desired, image, reason));
      }
    }
    return unavailable;
  });
}

/** With a registry of one's own everything comes from there: a build here has neither its name nor its digest. */
function isBuiltHere({ values }: Desired, image: Image): boolean {
  return image.source === "built" && (values === undefined || values.images.registry === "");
}

/** Those that are built here, and that this version of the program builds: not what another one called by another content. */
function buildable(desired: Desired, missing: readonly Image[], { assets }: ActionPorts): readonly Image[] {
  const built = missing.filter((image) => isBuiltHere(desired, image));
  if (built.length === 0) return [];
  const own = new Set(Object.values(readImageTable(assets)).map(({ reference }) => reference));
  return built.filter(({ reference }) => own.has(reference));
}

/**
 * Stops when images could not be had.
 * @throws PreflightError naming each with the ways out
 */
export function requireImages(unavailable: readonly UnavailableImage[], values?: Values): void {
  if (unavailable.length === 0) return;
  const components = [...new Set(unavailable.flatMap((image) => image.components))];
  throw new PreflightError(
    unavailable.length === 1 ? "an image cannot be had" : `${unavailable.length} images cannot be had`,
    {
      details: unavailable.map((image) => `${image.reference} (${image.components.join(", ")}): ${image.reason}`),
      hint: describeWays(["give a registry that has them", "load them from a bundle"], components, values),
    },
  );
}

/** Begins to build; each image is told as soon as it is there. */
function startBuilds(
  { plan }: Desired,
  toBuild: readonly Image[],
  request: ImageRequest,
  ports: ActionPorts,
): ComingImages {
  const stop = new AbortController();
  const waiting = new Map(toBuild.map(({ reference }) => [reference, Promise.withResolvers<undefined>()]));
  // Waiters see the failure; without one, an unhandled rejection would end the program.
  for (const { promise } of waiting.values()) promise.catch(() => undefined);
  const built = buildImages(
    {
      names: [...new Set(toBuild.map((image) => image.name))],
      wish: { first: frontImages(plan), stepsAfter: stepsByImage(plan) },
      cacheDir: request.cacheDir ?? join(request.stateDir, "build"),
      onReady: ({ reference }) => waiting.get(reference)?.resolve(undefined),
      ...(request.jobs === undefined ? {} : { jobs: request.jobs }),
    },
    { ...ports, signal: AbortSignal.any([ports.signal, stop.signal]) },
  );
  const ended = built.then(
    () => {
      for (const [reference, { reject }] of waiting) {
        reject(new PreflightError(`${reference} was built, but not under this reference`));
      }
    },
    (error: unknown) => {
      for (const { reject } of waiting.values()) reject(error);
    },
  );
  return {
    ready: (reference) => waiting.get(reference)?.promise ?? Promise.resolve(undefined),
    ended,
    stop: () => stop.abort(),
  };
}

/** Images of what people see first: the gateway, and what answers behind it when no path is given. */
function frontImages(plan: Plan): readonly string[] {
  const behind = plan.routes.flatMap(({ match, action }) =>
    match.path === "/" && action.kind === "proxy" ? [action.to.split(".", 1)[0]] : [],
  );
  return plan.components.flatMap(({ id, role, workload }) =>
    workload !== undefined && (role === "gateway" || behind.includes(id)) ? [workload.container.image.name] : [],
  );
}

async function pull(desired: Desired, image: Image, ports: ActionPorts): Promise<string | undefined> {
  if (desired.plan.settings.pullPolicy === "never") return "it is not in the engine, and pulling is switched off";
  if (isOwnName(image.reference)) return ownNameReason;
  try {
    ports.report({ type: "progress", step: steps.images.id, id: image.reference, detail: "pulling" });
    await ports.images.pull(
      image.reference,
      (detail) => ports.report({ type: "progress", step: steps.images.id, id: image.reference, detail }),
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
