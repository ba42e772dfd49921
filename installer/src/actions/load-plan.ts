import { PreflightError, UsageError } from "../errors/installer-error.ts";
import { stateLayout } from "../execute/state/layout.ts";
import { readRecordedPlan } from "../execute/state/state-store.ts";
import { buildPlan } from "../plan/build-plan.ts";
import type { ImageTable } from "../plan/define.ts";
import type { Plan } from "../plan/model.ts";
import type { FileSystem } from "../platform/ports.ts";
import { loadValues } from "../values/load-values.ts";
import type { LoadedValues } from "../values/load-values.ts";
import type { ValuesText } from "../values/parse-values.ts";
import { suggestKey } from "../values/suggest-key.ts";
import type { Assets } from "./assets.ts";
import { sectionOfComponent } from "./component-names.ts";
import type { InstallTarget, ValuesSelection } from "./context.ts";

export interface PlanSources extends InstallTarget {
  readonly values: ValuesSelection;
}

export interface LoadPorts {
  readonly fs: Pick<FileSystem, "readTextIfPresent">;
  readonly assets: Assets;
}

export interface ValuesInUse extends LoadedValues {
  readonly profile: string;
  /** What the values were laid from, in order, for people. */
  readonly sources: readonly string[];
}

export interface LoadedPlan {
  readonly plan: Plan;
  readonly values: ValuesInUse;
}

export const defaultProfile = "infra";

/**
 * Reads and checks the values of an install: defaults, profile, recorded values, files, `--set`, `--without`.
 * @throws ValuesError with every problem; PreflightError when the recorded values are damaged; UsageError for a profile, file or component that does not exist
 */
export async function loadInstallValues(request: PlanSources, ports: LoadPorts): Promise<ValuesInUse> {
  const layout = stateLayout(request.stateDir);
  const profile =
    request.values.profile ?? (await readRecordedPlan(ports.fs, layout))?.install.profile ?? defaultProfile;
  const recorded = await ports.fs.readTextIfPresent(layout.values);
  // It is never written empty, and defaults in its place would change the platform.
  if (recorded?.trim() === "") {
    throw new PreflightError(`${layout.values} is damaged: it is empty`, {
      hint: "put it back from a backup of the state directory; nothing was changed, and what runs goes on running",
    });
  }
  const files: ValuesText[] = recorded === undefined ? [] : [{ name: layout.values, text: recorded }];
  for (const path of request.values.files) files.push(await readValuesFile(path, ports));
  const off = request.values.without.map((name) => `${sectionOfComponent(name)}.mode=off`);
  const loaded = loadValues({
    defaults: { name: "values/values.yaml", text: ports.assets.readText("values/values.yaml") },
    profile: readProfile(profile, ports.assets),
    files,
    sets: [...request.values.set, ...off],
  });
  const sources = [
    `profile ${profile}`,
    ...files.map((file) => file.name),
    ...request.values.set.map((argument) => `--set ${argument.split("=", 1)[0] ?? ""}`),
    ...request.values.without.map((name) => `--without ${name}`),
  ];
  return { ...loaded, profile, sources };
}

/**
 * The plan that the values of an install describe. Nothing but files is read.
 * @throws ValuesError, UsageError, RenderError
 */
export async function loadPlan(request: PlanSources, ports: LoadPorts): Promise<LoadedPlan> {
  const values = await loadInstallValues(request, ports);
  const plan = buildPlan({
    values: values.values,
    images: readImageTable(ports.assets),
    name: request.name,
    profile: values.profile,
    version: ports.assets.version,
  });
  return { plan, values };
}

interface ImageEntry {
  readonly kind: "built" | "third-party";
  readonly reference: string;
}

/** The references that images have in this version of the program. */
export function readImageTable(assets: Assets): ImageTable {
  const parsed = JSON.parse(assets.readText("images/images.generated.json")) as {
    readonly images: Readonly<Record<string, ImageEntry>>;
  };
  return Object.fromEntries(
    Object.entries(parsed.images).map(([name, { kind, reference }]) => [name, { reference, source: kind }]),
  );
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
export function readProfile(name: string, assets: Assets): ValuesText {
  const known = listProfiles(assets);
  if (!known.includes(name)) {
    const near = suggestKey(name, known);
    throw new UsageError(`there is no profile "${name}"`, {
      hint: near === undefined ? `profiles are ${known.join(", ")}` : `did you mean ${near}?`,
    });
  }
  const path = `values/profiles/${name}.yaml`;
  return { name: path, text: assets.readText(path) };
}

/**
 * A values file a person named.
 * @throws UsageError when it does not exist
 */
export async function readValuesFile(path: string, ports: LoadPorts): Promise<ValuesText> {
  const text = await ports.fs.readTextIfPresent(path).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`${path} cannot be read: ${reason}`, { cause, hint: "check the path given with -f" });
  });
  if (text === undefined) throw new UsageError(`there is no file ${path}`, { hint: "check the path given with -f" });
  return { name: path, text };
}
