import { explainAbsence } from "../../bundle/explain-absence.ts";
import { gatherImage, requireImage } from "../../bundle/gather-image.ts";
import { InstallerError, PreflightError, UsageError } from "../../errors/installer-error.ts";
import {
  differencesOf,
  formatImageLock,
  type ImageLock,
  isResolved,
  type LockedImage,
  parseImageLock,
  requireSameLock,
} from "../../images/image-lock.ts";
import type { ImageSource } from "../../oci/content.ts";
import { type Platform, parsePlatform } from "../../oci/descriptor.ts";
import { openSources } from "../bundle/bundle-sources.ts";
import { sizesOf } from "../bundle/image-sizes.ts";
import type { ActionPorts, InstallTarget, ResultHead, ValuesSelection } from "../context.ts";
import { findEveryImage, type UsableImage } from "./every-image.ts";
import { listProfiles, loadInstallValues } from "../desired/load-plan.ts";
import type { RegistryOptions } from "../push/registry-options.ts";
import { readTrustedKeys } from "../bundle/trusted-keys.ts";
import { steps } from "../../events/steps.ts";
import { withStep } from "../../execute/with-step.ts";

export interface ImagesLockRequest extends InstallTarget {
  readonly values: ValuesSelection;
  /** `engine`, `registry`, `oci:DIR` or a path, in the order in which they are asked; engine, then registry when empty. */
  readonly from: readonly string[];
  /** What images without a name are called: `corp/app:1.0` for one, `corp/app` for all that have a tag. */
  readonly as?: string;
  /** All when empty. */
  readonly profiles: readonly string[];
  /** `linux/amd64`. */
  readonly platforms: readonly string[];
  readonly cacheDir: string;
  readonly registries: RegistryOptions;
  /** Public keys for bundles that are read here. */
  readonly keyFiles: readonly string[];
  readonly allowUnsigned: boolean;
  /** Absolute path of the file to write. */
  readonly output?: string;
  /** Absolute path of a lock to compare with; nothing is written. */
  readonly check?: string;
}

export interface ImagesLockResult extends ResultHead<"ImagesLockResult"> {
  readonly output?: string;
  /** Path of the lock that was compared with, and is the same. */
  readonly checked?: string;
  readonly lock: ImageLock;
  /** The lock as it is written. */
  readonly text: string;
  /** Images whose digest is not known. */
  readonly unresolved: number;
  /** What is different from the file that was there before. */
  readonly changes: readonly string[];
  readonly ms: number;
}

/**
 * Resolves every image that any profile can use to its digests, and writes them down.
 * @throws PreflightError when an image of ours is in no source; PlanChangedError when the lock to compare with is another; UsageError for a file that is no lock
 */
export async function lockImages(request: ImagesLockRequest, ports: ActionPorts): Promise<ImagesLockResult> {
  const begin = ports.clock.monotonicMs();
  const kept = request.check === undefined ? undefined : await readLock(request.check, ports);
  const before = request.output === undefined ? undefined : await ports.fs.readTextIfPresent(request.output);
  const lock = await withStep(ports, steps.lock, () => makeLock(request, ports));
  const ms = Math.round(ports.clock.monotonicMs() - begin);
  if (kept !== undefined) requireSameLock(kept, lock, request.check ?? "");
  const text = formatImageLock(lock);
  if (request.output !== undefined && text !== before) {
    await ports.fs.writeAtomic(request.output, text, { mode: 0o644 });
  }
  return {
    apiVersion: "slipway/v1",
    kind: "ImagesLockResult",
    ...(request.output === undefined ? {} : { output: request.output }),
    ...(request.check === undefined ? {} : { checked: request.check }),
    lock,
    text,
    unresolved: lock.images.filter((image) => !isResolved(image)).length,
    changes: before === undefined ? [] : changesSince(before, lock, request.output ?? ""),
    ms,
  };
}

async function readLock(path: string, ports: ActionPorts): Promise<ImageLock> {
  const text = await ports.fs.readTextIfPresent(path);
  if (text === undefined)
    throw new UsageError(`there is no file ${path}`, { hint: "make it with slipway images lock -o" });
  return parseImageLock(text, path);
}

/** A file that is no lock is simply replaced. */
function changesSince(before: string, lock: ImageLock, path: string): readonly string[] {
  try {
    return differencesOf(parseImageLock(before, path), lock);
  } catch {
    return [];
  }
}

async function makeLock(request: ImagesLockRequest, ports: ActionPorts): Promise<ImageLock> {
  const platforms = request.platforms.map(requirePlatform);
  const profiles = request.profiles.length === 0 ? listProfiles(ports.assets) : request.profiles;
  const usable = await findEveryImage(request, profiles, ports);
  const sources = await openLockSources(request, usable, ports);
  try {
    const images: LockedImage[] = [];
    for (const image of usable) {
      ports.signal.throwIfAborted();
      images.push(await lockImage(image, sources, platforms, ports));
    }
    requireOwn(images);
    const { version } = ports.assets;
    return { apiVersion: "slipway/v1", kind: "ImageLock", version, profiles, platforms: request.platforms, images };
  } finally {
    for (const source of sources) await source.close();
  }
}

async function openLockSources(
  request: ImagesLockRequest,
  usable: readonly UsableImage[],
  ports: ActionPorts,
): Promise<readonly ImageSource[]> {
  const { from, as, cacheDir, registries, keyFiles, allowUnsigned } = request;
  // Files that do not count were told when the plans were made.
  const { values } = await loadInstallValues(request, { fs: ports.fs, assets: ports.assets });
  const reads = keyFiles.length > 0 || from.some((source) => source.startsWith("/"));
  const trustedKeys = reads ? await readTrustedKeys({ keyFiles, allowUnsigned: true }, ports) : [];
  const references = usable.map((image) => image.reference);
  const trust = { trustedKeys, allowUnsigned };
  return openSources(
    {
      from,
      ...(as !== undefined && { as }),
      references,
      cacheDir,
      step: "lock",
      registries,
      mirror: values.images.registry,
      trust,
    },
    ports,
  );
}

function requirePlatform(text: string): Platform {
  const platform = parsePlatform(text);
  if (platform !== undefined) return platform;
  throw new UsageError(`${text} is not a platform`, {
    hint: "write os/architecture, for example linux/amd64,linux/arm64",
  });
}

/** In the first source that has it; why not, where none has. */
async function lockImage(
  image: UsableImage,
  sources: readonly ImageSource[],
  platforms: readonly Platform[],
  ports: ActionPorts,
): Promise<LockedImage> {
  const { name, reference, kind, licenses, reasons } = image;
  const head = { name, reference, kind, licenses, reasons };
  const refusals: string[] = [];
  for (const source of sources) {
    try {
      const found = await source.resolve(reference, platforms);
      if (found === undefined) {
        refusals.push(await explainAbsence(source, reference));
        continue;
      }
      const narrowed = await gatherImage(reference, source, found, platforms);
      requireImage(reference, source, narrowed);
      ports.report({ type: "item", step: "lock", id: reference, state: "done", detail: source.name });
      const root = { digest: found.root.digest, mediaType: found.root.mediaType };
      return { ...head, source: source.kind, ...root, ...sizesOf(narrowed) };
    } catch (error) {
      ports.signal.throwIfAborted();
      // Damage is never passed over; that a place cannot be reached, or has not all platforms, may be.
      if (!(error instanceof InstallerError) || error.code === "BUNDLE_INVALID") throw error;
      refusals.push(error.message);
    }
  }
  const known = image.unresolved === undefined ? [] : [image.unresolved];
  const unresolved = [...refusals, ...(refusals.length === 0 ? known : [])].join("; ");
  ports.report({ type: "item", step: "lock", id: reference, state: "failed", detail: unresolved });
  return { ...head, unresolved };
}

/** What is not ours may be out of reach; what is ours can be built. */
function requireOwn(images: readonly LockedImage[]): void {
  const missing = images.flatMap((image) => (isResolved(image) || image.kind !== "built" ? [] : [image]));
  if (missing.length === 0) return;
  throw new PreflightError(
    `${missing.length === 1 ? "an image of ours is" : `${missing.length} images of ours are`} in none of the sources; nothing was written`,
    {
      details: missing.map((image) => `${image.reference}: ${image.unresolved}`),
      hint: "slipway images build makes them, or name a source that has them with --from",
    },
  );
}
