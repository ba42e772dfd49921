import { UsageError } from "../../errors/installer-error.ts";
import type { Report } from "../../events/event.ts";
import type { ImageLock } from "../../images/image-lock.ts";
import { recordedDigests, withLock } from "../../images/lock-digests.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import { readKnownPlan } from "../../execute/state/state-store.ts";
import { buildPlan, type RestoreRequest } from "../../plan/build-plan.ts";
import type { ImageTable } from "../../plan/define.ts";
import type { Plan } from "../../plan/model.ts";
import type { FileSystem } from "../../platform/ports.ts";
import { valuesSections } from "../../plan/values-sections.ts";
import { loadValues } from "../../values/load-values.ts";
import type { LoadedValues, ReadText } from "../../values/load-values.ts";
import type { ValuesText } from "../../values/parse-values.ts";
import { suggestKey } from "../../values/suggest-key.ts";
import type { Assets } from "../assets.ts";
import { sectionOfComponent } from "../../plan/component-names.ts";
import type { InstallTarget, ValuesSelection } from "../context.ts";
import { chooseValuesFiles, readIfPresent } from "./values-files.ts";

export interface PlanSources extends InstallTarget {
  readonly values: ValuesSelection;
  /** What images really are: of a bundle at hand. Wins over the file that the selection names. */
  readonly lock?: ImageLock;
  /** A backup that is brought back: what is wanted are the stores alone. */
  readonly restore?: RestoreRequest;
  /** Keep the platform apart from everything. */
  readonly isolated?: boolean;
}

export interface LoadPorts {
  readonly fs: Pick<FileSystem, "readTextIfPresent">;
  readonly assets: Assets;
  /** Told of values files that do not count. */
  readonly report?: Report;
}

export interface ValuesInUse extends LoadedValues {
  readonly profile: string;
  /** What the values were laid from, in order, for people. */
  readonly sources: readonly string[];
  /** The recorded values, where others are used in their place. */
  readonly replaced: ValuesText | undefined;
  /** The files that they were taken from; undefined where the recorded values are used. */
  readonly files: readonly ValuesText[] | undefined;
}

export interface LoadedPlan {
  readonly plan: Plan;
  readonly values: ValuesInUse;
}

export const defaultProfile = "infra";

/** Everything that a plan is made of, read once: a run never looks at the files again. */
export interface PlanInputs {
  readonly name: string;
  readonly profile: string;
  readonly defaults: ValuesText | ReadText;
  readonly profileValues: ValuesText | ReadText;
  /** What is laid over the profile: the recorded values, or the files that were named. */
  readonly files: readonly ValuesText[];
  /** The recorded values, whether they are used or not. */
  readonly recorded: ValuesText | undefined;
  readonly set: readonly string[];
  readonly without: readonly string[];
  readonly lock: ImageLock | undefined;
  /** Digests that earlier runs recorded, by reference in full with tag. */
  readonly recordedDigests: ReadonlyMap<string, string>;
  readonly restore: RestoreRequest | undefined;
  readonly isolated: boolean | undefined;
}

/** What is learnt in the course of a run and changes its plan. */
export interface PlanChange {
  /** Further components to leave out. */
  readonly without?: readonly string[];
  /** Digests that the pulls of this run found, by reference in full with tag. */
  readonly pulled?: ReadonlyMap<string, string>;
}

/**
 * Reads what a plan is made of: defaults, profile, recorded values, files, lock, recorded digests.
 * @throws PreflightError when the recorded values are damaged; UsageError for a profile or file that does not exist
 */
export async function readPlanInputs(request: PlanSources, ports: LoadPorts): Promise<PlanInputs> {
  const layout = stateLayout(request.stateDir);
  const installed = (await readKnownPlan(ports.fs, layout))?.install.profile;
  const profile = request.values.profile ?? installed ?? request.lock?.profiles[0] ?? defaultProfile;
  const text = await ports.fs.readTextIfPresent(layout.values);
  const recorded = text === undefined ? undefined : { name: layout.values, text };
  return {
    name: request.name,
    profile,
    defaults: readOwnValues("values/values.yaml", ports.assets),
    profileValues: readProfile(profile, ports.assets),
    files: await chooseValuesFiles(request, recorded, ports),
    recorded,
    set: request.values.set,
    without: request.values.without,
    lock: request.lock ?? (await readLockFile(request.values.lock, ports)),
    recordedDigests: recordedDigests(await ports.fs.readTextIfPresent(layout.lock)),
    restore: request.restore,
    isolated: request.isolated,
  };
}

/**
 * Merges and checks the values; pure.
 * @throws ValuesError with every problem; UsageError for a component that does not exist
 */
export function valuesOf(inputs: PlanInputs, change: PlanChange = {}): ValuesInUse {
  const without = [...inputs.without, ...(change.without ?? [])];
  const off = without.map((name) => `${sectionOfComponent(name)}.mode=off`);
  const { defaults, profileValues, profile, files, recorded, set } = inputs;
  const loaded = loadValues({ defaults, profile: profileValues, files, sets: [...set, ...off] }, valuesSections());
  const sources = [
    `profile ${profile}`,
    ...files.map((file) => file.name),
    ...set.map((argument) => `--set ${argument.split("=", 1)[0] ?? ""}`),
    ...without.map((name) => `--without ${name}`),
  ];
  const isRecordUsed = recorded !== undefined && files.includes(recorded);
  return {
    ...loaded,
    profile,
    sources,
    replaced: isRecordUsed ? undefined : recorded,
    files: isRecordUsed ? undefined : files,
  };
}

/**
 * The plan that inputs describe; pure but for the images table of the program.
 * @throws ValuesError, UsageError, RenderError
 */
export function planOf(inputs: PlanInputs, assets: Assets, change: PlanChange = {}): LoadedPlan {
  const values = valuesOf(inputs, change);
  const plan = buildPlan({
    values: values.values,
    images: withLock(imagesAt(values, assets), inputs.lock),
    digests: new Map([...inputs.recordedDigests, ...(change.pulled ?? [])]),
    name: inputs.name,
    profile: values.profile,
    version: assets.version,
    restore: inputs.restore,
    isolated: inputs.isolated,
  });
  return { plan, values };
}

/**
 * Reads and checks the values of an install.
 * @throws as `readPlanInputs` and `valuesOf`
 */
export async function loadInstallValues(request: PlanSources, ports: LoadPorts): Promise<ValuesInUse> {
  return valuesOf(await readPlanInputs(request, ports));
}

/**
 * The plan that the values of an install describe. Nothing but files is read.
 * @throws ValuesError, UsageError, RenderError
 */
export async function loadPlan(request: PlanSources, ports: LoadPorts): Promise<LoadedPlan> {
  return planOf(await readPlanInputs(request, ports), ports.assets);
}

/** Some profiles and parts cannot do with localhost. */
export const anyDomain = "domain=platform.example";

/**
 * The plan for its images alone: they are the same at every address, so that nobody needs to give one.
 * @throws as `loadPlan`
 */
export async function loadPlanOfImages(request: PlanSources, ports: LoadPorts): Promise<LoadedPlan> {
  const { values } = request;
  return loadPlan({ ...request, values: { ...values, set: [anyDomain, ...values.set] } }, ports);
}

interface ImageEntry {
  readonly kind: "built" | "third-party";
  readonly reference: string;
  readonly digest?: string;
}

/** The references that images have in this version of the program, with the digests of the catalogue. */
export function readImageTable(assets: Assets): ImageTable {
  const parsed = JSON.parse(assets.readText("images/images.generated.json")) as {
    readonly images: Readonly<Record<string, ImageEntry>>;
  };
  return Object.fromEntries(
    Object.entries(parsed.images).map(([name, { kind, reference, digest }]) => [
      name,
      { reference, source: kind, ...(digest === undefined || digest === "unresolved" ? {} : { digest }) },
    ]),
  );
}

/** A private registry may have less of an image than its own place, and then under another digest. */
function imagesAt(values: ValuesInUse, assets: Assets): ImageTable {
  const table = readImageTable(assets);
  if (values.values.images.registry === "") return table;
  return Object.fromEntries(
    Object.entries(table).map(([name, { reference, source }]) => [name, { reference, source }]),
  );
}

/**
 * The lock that was named with `--lock`.
 * @throws UsageError when it does not exist or is no lock
 */
async function readLockFile(path: string | undefined, ports: LoadPorts): Promise<ImageLock | undefined> {
  if (path === undefined) return undefined;
  const file = await readIfPresent(path, ports, "--lock");
  if (file === undefined) {
    throw new UsageError(`there is no file ${path}`, { hint: "check the path given with --lock" });
  }
  const { parseImageLock } = await import("../../images/image-lock.ts");
  return parseImageLock(file.text, path);
}

/** Names of the profiles this version has. */
export function listProfiles(assets: Assets): readonly string[] {
  return assets
    .listBelow("values/profiles")
    .flatMap((path) => /([^/]+)\.yaml$/.exec(path)?.[1] ?? [])
    .toSorted();
}

/**
 * A profile's values.
 * @throws UsageError when there is no such profile
 */
export function readProfile(name: string, assets: Assets): ValuesText | ReadText {
  const known = listProfiles(assets);
  if (!known.includes(name)) {
    const near = suggestKey(name, known);
    throw new UsageError(`there is no profile "${name}"`, {
      hint: near === undefined ? `profiles are ${known.join(", ")}` : `did you mean ${near}?`,
    });
  }
  return readOwnValues(`values/profiles/${name}.yaml`, assets);
}

/** Values that come with the program: defaults and profiles. */
export function readOwnValues(path: string, assets: Assets): ValuesText | ReadText {
  return assets.readValues === undefined
    ? { name: path, text: assets.readText(path) }
    : { name: path, value: assets.readValues(path) };
}
