import { RegistryError, UsageError } from "../../errors/installer-error.ts";
import { formatTarget, type RegistryTarget } from "../../oci/path-rules.ts";
import { noHarborOptions } from "../../registry/harbor/harbor-options.ts";
import type { RegistryLogin } from "../../targets/target.ts";
import type { InstallTarget } from "../context.ts";
import type { GivenBundle } from "../bundle/given-bundle.ts";
import type { Desired } from "../desired/desired.ts";
import { push } from "../push/push.ts";
import type { PushedImage, PushResult } from "../push/push-request.ts";
import { openRegistries } from "../push/registry-options.ts";
import { type BundleImages, neededOfBundle, type ProvidePorts, targetOf } from "./provide-from-bundle.ts";

/** A bundle that goes to a registry, from where nodes pull. */
export interface BundlePush extends InstallTarget {
  readonly bundle: GivenBundle;
  /** Where an interrupted push is remembered. */
  readonly cacheDir: string;
}

/**
 * Where nodes that pull by themselves find the images of a bundle.
 * @throws UsageError where the values name no registry
 */
export function requireRegistry(desired: Desired): RegistryTarget {
  const target = targetOf(desired);
  if (target !== undefined) return target;
  throw new UsageError("the nodes pull their images from a registry, and none is named for those of the bundle", {
    hint: "add --registry HOST/PROJECT, a registry that this machine and every node reaches; the images are pushed there first",
  });
}

/**
 * Brings the images of the plan to the registry that nodes pull from; what it has is not sent again. With `dryRun` it is only looked at.
 * @throws RegistryError naming each image that could not be brought there; what `push` throws
 */
export async function pushFromBundle(
  desired: Desired,
  source: BundleImages,
  { bundle, name, stateDir, cacheDir, dryRun }: BundlePush & { readonly dryRun: boolean },
  ports: ProvidePorts,
): Promise<PushResult> {
  const to = formatTarget(requireRegistry(desired));
  const result = await push(
    {
      name,
      stateDir,
      cacheDir,
      bundle,
      values: { files: [], set: [], without: [] },
      from: [],
      trust: bundle,
      sourceRegistries: { plainHttp: false },
      images: neededOfBundle(desired, source).map(({ reference }) => reference),
      platforms: [],
      to,
      // The names that the plan has for them.
      pathStyle: "keep",
      registry: source.registry,
      harbor: noHarborOptions,
      dryRun,
    },
    ports,
  );
  const failed = result.images.flatMap(({ target, error }) => (error === undefined ? [] : [{ target, error }]));
  if (failed.length > 0) throw describeFailure(failed, to);
  return result;
}

interface FailedImage extends Pick<PushedImage, "target"> {
  readonly error: NonNullable<PushedImage["error"]>;
}

function describeFailure(failed: readonly FailedImage[], to: string): RegistryError {
  const count = failed.length === 1 ? "an image" : `${failed.length} images`;
  const hint = failed.map(({ error }) => error.hint).find((text) => text !== undefined);
  return new RegistryError(`${count} could not be brought to ${to}`, {
    details: failed.map(({ target, error }) => `${target}: ${error.message}`),
    hint: `${hint ?? "correct the cause"}; the same command goes on, and what arrived is not sent again`,
  });
}

/**
 * The login of this run at the registry of the values, for nodes; undefined where it was given none.
 * @throws UsageError for a login that nodes cannot use
 */
export async function findNodeLogin(
  desired: Desired,
  source: BundleImages,
  ports: ProvidePorts,
): Promise<RegistryLogin | undefined> {
  const { host } = requireRegistry(desired);
  const { credentials: store } = await openRegistries(source.registry, host, ports);
  const found = await store.find(host);
  if (found === undefined) return undefined;
  if (found.kind === "password") return { host, username: found.username, password: found.password };
  throw new UsageError(`the login for ${host} is a token of this machine's, with which nodes cannot pull`, {
    hint: "give --username and --password-file, or name a pull secret of the namespace in cluster.imagePullSecrets",
  });
}
