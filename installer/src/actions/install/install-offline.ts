import type { OpenedBundle } from "../../bundle/open-bundle.ts";
import { bundlePaths } from "../../bundle/bundle-manifest.ts";
import { UsageError } from "../../errors/installer-error.ts";
import { type ImageLock, parseImageLock } from "../../images/image-lock.ts";
import { parseTarget } from "../../oci/path-rules.ts";
import { engineEndpoint } from "../../platform/docker/engine-endpoint.ts";
import type { EgressGuard } from "../../platform/egress-guard.ts";
import type { InstallTarget, ValuesSelection } from "../context.ts";
import { type Desired, loadDesired } from "../desired/desired.ts";
import { openGivenBundle } from "../bundle/given-bundle.ts";
import { installFrom, type InstallRequest, type InstallResult } from "./install.ts";
import { preflightDesired } from "./preflight-desired.ts";
import { requireFittingBundle } from "./check-bundle.ts";
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
import { describeUnavailable, imagesOf, missingImages } from "./provide-images.ts";
import type { PlanRequest, PlanResult } from "../plan/plan.ts";
import { planDesired } from "../plan/plan.ts";

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
      const load = bundleLoader(request, source, lock, ports);
      return planDesired(await load.load(withRegistry(request)), request, expectBundledImages(ports, source));
    });
  } finally {
    guard.disarm();
  }
}

type BundleRequest = InstallTarget & Pick<InstallRequest, "values" | "bundle" | "registry" | "registryOptions">;

/** The engine may be on another machine, and the registry is where it is said to be. */
function allowedHosts({ registry }: Pick<InstallRequest, "registry">, ports: OfflinePorts): readonly string[] {
  const endpoint = engineEndpoint(ports.environment);
  return [
    ...(endpoint.kind === "tcp" ? [endpoint.host] : []),
    ...(registry === undefined ? [] : [parseTarget(registry).host]),
  ];
}

async function installFromBundle(
  request: InstallRequest,
  guard: EgressGuard,
  ports: OfflinePorts,
): Promise<InstallResult> {
  return withBundle(request, ports, async (source, lock) => {
    const loader = bundleLoader(request, source, lock, ports);
    const { reader } = source;
    const offline = { ...request, values: withRegistry(request), withoutUnavailable: false };
    const result = await installFrom(offline, expectBundledImages(ports, source), {
      load: async (values) => allowNamedHosts(await loader.load(values), guard),
      preflight: async (desired) => {
        for (const component of loader.leftOut()) {
          ports.report({ type: "warning", message: `${component} is left out: ${reader.name} was made without it` });
        }
        await requireAtRegistry(desired, source, ports);
        await requireInBundle(desired, source, ports);
        const availableImages = new Set(imagesOf(desired).map((image) => image.reference));
        await preflightDesired(desired, request, ports, { availableImages, offline: true });
      },
      provideImages: async (desired) => {
        await provideFromBundle(desired, source, ports);
        return [];
      },
    });
    const { name, version } = reader.complete;
    const leftOut = loader.leftOut();
    return { ...result, bundle: { name, version, root: reader.root, trust: reader.trust.state, leftOut } };
  });
}

/** Without a bundle: everything has to be in the engine. */
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
    load: async (values) => allowNamedHosts(await loadDesired({ ...request, values }, ports), guard),
    preflight: (desired) => preflightDesired(desired, request, ports, { offline: true }),
    provideImages: async (desired) => {
      const missing = await missingImages(desired, ports);
      return missing.map((image) => describeUnavailable(desired, image, "this run uses no network"));
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

interface BundleLoader {
  readonly load: (values: ValuesSelection) => Promise<Desired>;
  /** Components that are off because the bundle was made without them. */
  readonly leftOut: () => readonly string[];
}

function bundleLoader(
  request: InstallTarget,
  source: BundleImages,
  lock: ImageLock,
  ports: OfflinePorts,
): BundleLoader {
  let leftOut: readonly string[] = [];
  return {
    leftOut: () => leftOut,
    load: async (values) => {
      const { name, stateDir } = request;
      const whole = await loadDesired({ name, stateDir, values, lock }, ports);
      const off = componentsToLeaveOut(await findUnbundled(whole, source, ports), source.reader);
      if (off.length === 0) return whole;
      leftOut = off;
      const smaller = { ...values, without: [...values.without, ...off] };
      return loadDesired({ name, stateDir, values: smaller, lock }, ports);
    },
  };
}

/** Stores elsewhere and the platform's own names are named by the values: checking them is no secret to anybody. */
function allowNamedHosts(desired: Desired, guard: EgressGuard): Desired {
  const { plan } = desired;
  const elsewhere = plan.components.flatMap(({ endpoints }) =>
    endpoints.flatMap(({ externalHost }) => externalHost ?? []),
  );
  const own = [plan.settings.domain, ...plan.listeners.map((listener) => listener.host)];
  const registry = desired.values?.images.registry ?? "";
  for (const host of [...elsewhere, ...own, registry]) if (host !== "") guard.allow(host);
  return desired;
}

function withRegistry({ values, registry }: Pick<BundleRequest, "values" | "registry">): ValuesSelection {
  if (registry === undefined) return values;
  return { ...values, set: [...values.set, `images.registry=${registry}`] };
}
