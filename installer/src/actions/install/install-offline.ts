import { join } from "node:path";
import type { OpenedBundle } from "../../bundle/open-bundle.ts";
import { bundlePaths } from "../../bundle/bundle-manifest.ts";
import { UsageError } from "../../errors/installer-error.ts";
import { steps } from "../../events/steps.ts";
import { withStep } from "../../execute/with-step.ts";
import { openInstall } from "../../execute/state/install.ts";
import { type ImageLock, parseImageLock } from "../../images/image-lock.ts";
import { parseTarget } from "../../oci/path-rules.ts";
import type { EgressGuard } from "../../platform/egress-guard.ts";
import { exampleName } from "../../values/host-names.ts";
import { openGivenBundle } from "../bundle/given-bundle.ts";
import type { InstallTarget, ValuesSelection } from "../context.ts";
import { type Desire, type Desired, openDesire } from "../desired/desired.ts";
import { planLive, type PlanRequest, type PlanResult } from "../plan/plan.ts";
import { requireFittingBundle } from "./check-bundle.ts";
import { installFrom } from "./install.ts";
import type { InstalledBundle, InstallRequest, InstallResult } from "./install-request.ts";
import type { PushResult } from "../push/push-request.ts";
import { preflightDesired } from "./preflight-desired.ts";
import {
  type BundleImages,
  componentsToLeaveOut,
  expectBundledImages,
  findUnbundled,
  provideFromBundle,
  type ProvidePorts,
  requireAtRegistry,
  requireInBundle,
} from "./provide-from-bundle.ts";
import { describeUnavailable, imagesOfPlan, missingImages } from "./provide-images.ts";
import { findNodeLogin, pushFromBundle, requireRegistry } from "./push-from-bundle.ts";

export interface OfflinePorts extends ProvidePorts {
  /** Refuses connections of this process to all but these hosts. */
  readonly armEgressGuard: (allowed: readonly string[]) => EgressGuard;
}

/**
 * `install` without network: images come from a bundle, from the private registry it was pushed to, or are there. Every
 * connection elsewhere is refused and listed.
 * @throws BundleError, RegistryError, and everything that `install` throws
 */
export async function installOffline(request: InstallRequest, ports: OfflinePorts): Promise<InstallResult> {
  const guard = ports.armEgressGuard(allowedHosts(request, ports));
  try {
    const result =
      request.bundle === undefined
        ? await installPresent(request, guard, ports)
        : await installFromBundle(request, guard, ports);
    return { ...result, egress: guard.report() };
  } finally {
    guard.disarm();
    const { refused } = guard.report();
    if (refused.length > 0) {
      ports.report({
        type: "warning",
        message: `${refused.length === 1 ? "a connection was" : `${refused.length} connections were`} refused: ${refused.join(", ")}`,
        hint: "this run uses no network but the engine and the registry it was given; nothing was sent there",
      });
    }
  }
}

/**
 * `plan` with the images of a bundle.
 * @throws BundleError, ValuesError, PreflightError
 */
export async function planOfBundle(request: PlanRequest, ports: OfflinePorts): Promise<PlanResult> {
  const guard = ports.armEgressGuard(allowedHosts(request, ports));
  try {
    return await withBundle(request, ports, async (source, lock) => {
      const opened = await openBundledDesire({ ...request, values: withRegistry(request) }, source, lock, ports);
      const desired = await opened.desire();
      if (ports.target.images === undefined) requireRegistry(desired);
      const install = await openInstall(request, ports.fs);
      return planLive(desired, install, expectBundledImages(ports, source));
    });
  } finally {
    guard.disarm();
  }
}

type BundleRequest = InstallTarget & Pick<InstallRequest, "values" | "bundle" | "registry" | "registryOptions">;

/** The engine may be on another machine, and the registry is where it is said to be. */
function allowedHosts({ registry }: Pick<InstallRequest, "registry">, ports: OfflinePorts): readonly string[] {
  return [...ports.target.hosts(), ...(registry === undefined ? [] : [parseTarget(registry).host])];
}

async function installFromBundle(
  request: InstallRequest,
  guard: EgressGuard,
  ports: OfflinePorts,
): Promise<InstallResult> {
  return withBundle(request, ports, async (source, lock) => {
    const { reader } = source;
    const offline = { ...request, values: withRegistry(request), withoutUnavailable: false };
    let leftOut: readonly string[] = [];
    let pushed: PushResult | undefined;
    const nodes = nodePulls(request, source, ports);
    const result = await installFrom(offline, expectBundledImages(ports, source), {
      openDesire: async () => {
        const opened = await openBundledDesire(offline, source, lock, ports);
        ({ leftOut } = opened);
        if (nodes !== undefined) requireRegistry(await opened.desire());
        return async (change) => allowNamedHosts(await opened.desire(change), guard);
      },
      ...(nodes === undefined ? {} : { logNodesIn: nodes.logIn }),
      preflight: async (desired) => {
        for (const component of leftOut) {
          ports.report({ type: "warning", message: `${component} is left out: ${reader.name} was made without it` });
        }
        if (nodes === undefined) {
          await requireAtRegistry(desired, source, ports);
          await requireInBundle(desired, source, ports);
        } else await nodes.look(desired);
        const availableImages = new Set(imagesOfPlan(desired.plan).map((image) => image.reference));
        await preflightDesired(desired, request, ports, { availableImages, offline: true });
      },
      provideImages: async (desired) => {
        if (nodes === undefined) await withStep(ports, steps.images, () => provideFromBundle(desired, source, ports));
        else pushed = await nodes.push(desired);
        return { unavailable: [] };
      },
    });
    const { name, version } = reader.complete;
    const bundle = { name, version, root: reader.root, trust: reader.trust.state, leftOut };
    return { ...result, bundle: pushed === undefined ? bundle : { ...bundle, pushed: describePush(pushed) } };
  });
}

/** What is done where nodes pull by themselves; undefined where the target is given its images. */
interface NodePulls {
  /** Looks, before anything is changed, whether the images can be brought to the registry. */
  readonly look: (desired: Desired) => Promise<void>;
  readonly push: (desired: Desired) => Promise<PushResult>;
  readonly logIn: (desired: Desired) => Promise<void>;
}

function nodePulls(request: InstallRequest, source: BundleImages, ports: OfflinePorts): NodePulls | undefined {
  const { bundle, stateDir, pushCacheDir = join(stateDir, "push"), dryRun = false } = request;
  if (ports.target.images !== undefined || bundle === undefined) return undefined;
  const given = { ...request, bundle, cacheDir: pushCacheDir };
  return {
    look: async (desired) => {
      await findNodeLogin(desired, source, ports);
      if (dryRun) await pushFromBundle(desired, source, { ...given, dryRun }, ports);
    },
    push: (desired) => pushFromBundle(desired, source, { ...given, dryRun: false }, ports),
    logIn: async (desired) => {
      const login = await findNodeLogin(desired, source, ports);
      if (login !== undefined) await ports.target.logNodesIn?.(desired.plan, login);
    },
  };
}

function describePush({ to, counts, bytes }: PushResult): NonNullable<InstalledBundle["pushed"]> {
  return { to, images: counts.sent + counts.mounted, bytes: bytes.sent };
}

/** Without a bundle: everything has to be on the target. */
async function installPresent(
  request: InstallRequest,
  guard: EgressGuard,
  ports: OfflinePorts,
): Promise<InstallResult> {
  if (request.registry !== undefined) {
    throw new UsageError("--registry was given without --bundle", {
      hint: "add --bundle FILE; without a bundle, --set images.registry=… names a registry to pull from",
    });
  }
  return installFrom(request, ports, {
    openDesire: async () => {
      const desire = await openDesire(request, ports);
      return async (change) => allowNamedHosts(await desire(change), guard);
    },
    preflight: (desired, availableImages) =>
      preflightDesired(desired, request, ports, { offline: true, ...(availableImages && { availableImages }) }),
    provideImages: async (desired) => {
      if (ports.target.images === undefined) return { unavailable: [] };
      const missing = await missingImages(desired, ports);
      return { unavailable: missing.map((image) => describeUnavailable(desired, image, "this run uses no network")) };
    },
  });
}

async function withBundle<T>(
  request: BundleRequest,
  ports: OfflinePorts,
  body: (source: BundleImages, lock: ImageLock) => Promise<T>,
): Promise<T> {
  if (request.bundle === undefined) throw new UsageError("no bundle was named", { hint: "add --bundle FILE" });
  const reader = await openGivenBundle(request.bundle, ports);
  try {
    const platform = await requireFittingBundle(reader, request, ports);
    const registry = request.registryOptions ?? { plainHttp: false };
    return await body({ reader, platform, registry }, await readLock(reader));
  } finally {
    await reader.close();
  }
}

async function readLock(reader: OpenedBundle): Promise<ImageLock> {
  return parseImageLock(
    (await reader.readFile(bundlePaths.lock)).toString("utf8"),
    `${bundlePaths.lock} of ${reader.name}`,
  );
}

interface BundledDesire {
  readonly desire: Desire;
  /** Components that are off because the bundle was made without them. */
  readonly leftOut: readonly string[];
}

/** What the values describe with the images of a bundle, without what the bundle was made without. */
async function openBundledDesire(
  request: InstallTarget & Pick<InstallRequest, "values">,
  source: BundleImages,
  lock: ImageLock,
  ports: OfflinePorts,
): Promise<BundledDesire> {
  const { name, stateDir, values } = request;
  const desire = await openDesire({ name, stateDir, values, lock }, ports);
  const desired = await desire();
  const unbundled = await findUnbundled(desired, source, ports);
  const leftOut = componentsToLeaveOut(unbundled, source.reader, desired.values);
  if (leftOut.length === 0) return { desire, leftOut };
  return {
    desire: (change = {}) => desire({ ...change, without: [...leftOut, ...(change.without ?? [])] }),
    leftOut,
  };
}

/** Stores elsewhere and the platform's own names are named by the values: checking them is no secret to anybody. */
function allowNamedHosts(desired: Desired, guard: EgressGuard): Desired {
  const { plan } = desired;
  const elsewhere = plan.components.flatMap(({ endpoints }) =>
    endpoints.flatMap(({ externalHost }) => externalHost ?? []),
  );
  const own = [plan.settings.domain, ...plan.listeners.map(({ host }) => exampleName(host))];
  const registry = desired.values?.images.registry ?? "";
  for (const host of [...elsewhere, ...own, registry]) if (host !== "") guard.allow(host);
  return desired;
}

function withRegistry({ values, registry }: Pick<BundleRequest, "values" | "registry">): ValuesSelection {
  if (registry === undefined) return values;
  return { ...values, set: [...values.set, `images.registry=${registry}`] };
}
