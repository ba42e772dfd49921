import { join, relative } from "node:path";
import { UsageError } from "../../errors/installer-error.ts";
import { fieldsOf } from "../../language/fields.ts";
import { sectionOfComponent } from "../../plan/component-names.ts";
import type { FilePorts, InstallTarget, ResultHead } from "../context.ts";
import { anyDomain, planOf, type PlanInputs, readOwnValues, readProfile } from "../desired/load-plan.ts";
import { adoptedValues, type AdoptedValues } from "./adopt-values.ts";
import { readComposeTree } from "./compose-tree.ts";
import { type DataPlace, findData } from "./find-data.ts";
import type { FoundAddress, SourceKind } from "./found.ts";
import { readHelmRelease } from "./helm-release.ts";
import { type JudgedSecret, judgeSecrets } from "./judge-secrets.ts";
import { type JudgedProgram, judgeVersions, type OurVersions, strangeImages } from "./judge-versions.ts";
import { adviceOn } from "./notes.ts";
import { type MovePlan, planMoves } from "./plan-moves.ts";
import { readSource } from "./read-tree.ts";
import { vendorPrograms } from "./vendor-programs.ts";

export interface AdoptRequest extends InstallTarget {
  /** Absolute path of the folder with the old installation's files, or of one file of values. */
  readonly from: string;
  /** Absolute path of the folder that the values and secrets are written to. */
  readonly out: string;
  /** Say what was found; write nothing. */
  readonly dryRun: boolean;
}

export interface OutsideService {
  /** Section of the values. */
  readonly section: string;
  readonly at: string;
}

export interface AdoptResult extends ResultHead<"AdoptResult"> {
  readonly from: string;
  /** How it was installed. */
  readonly source: SourceKind;
  /** Files that were read. */
  readonly files: readonly string[];
  /** Version of the hub. */
  readonly version: string;
  /** Edition of the hub, where the files say it. */
  readonly edition?: string;
  readonly address: {
    readonly domain: string;
    readonly tls: boolean;
    /** Names of ports in the values, and TCP ports. */
    readonly ports: Readonly<Record<string, number>>;
    readonly appsDomain?: string;
  };
  readonly programs: readonly JudgedProgram[];
  /** Images of programs that have no counterpart here. */
  readonly strangers: readonly string[];
  /** Services that it uses and does not run. */
  readonly outside: readonly OutsideService[];
  readonly secrets: readonly JudgedSecret[];
  readonly data: readonly DataPlace[];
  /** How copies of the data are made; nothing of it was done. */
  readonly moving: MovePlan;
  /** What a person has to know or do. */
  readonly notes: readonly string[];
  readonly dryRun: boolean;
  /** Profile that the values are made for. */
  readonly profile: string;
  /** Files that were written, the values first; on a dry run those that would be. */
  readonly written: readonly string[];
  /** Files that the values name and a person has to make: what the old installation has for them is public. */
  readonly missing: readonly string[];
}

const profile = "standard";

/**
 * Reads an existing installation of CSGHub from its files, judges its versions and secrets, and writes values and secret files with which it can be
 * installed here. The old installation is only read.
 * @throws UsageError when there is no such installation, or a file that would be written is there; PreflightError when its files are unreadable,
 * contradictory or not filled in; ValuesError when what they describe breaks a rule of the values. Nothing is written then
 */
export async function adopt(request: AdoptRequest, ports: FilePorts): Promise<AdoptResult> {
  const { from, out, dryRun } = request;
  const { source, tree } = await readSource(from, ports.fs);
  const found = source === "compose" ? readComposeTree(tree) : readHelmRelease(tree);
  const values = adoptedValues(found, out);
  const valuesFile = join(out, "values.yaml");
  const files = [{ path: valuesFile, contents: values.text }, ...values.secrets];
  const inputs = inputsOf(request, ports, { name: valuesFile, text: values.text });
  planOf(inputs, ports.assets);
  if (!dryRun) {
    refuseInside(from, out);
    await refuseExisting([...files.map(({ path }) => path), ...values.missing], ports);
    await write(values, valuesFile, out, ports);
  }
  const programs = judgeVersions(found, ourVersions(request, ports));
  return {
    ...{ apiVersion: "slipway/v1", kind: "AdoptResult", from, source, files: found.files, version: found.version },
    ...(found.edition === undefined ? {} : { edition: found.edition }),
    ...{ address: addressOf(found.address), programs, strangers: strangeImages(found) },
    outside: found.outside.map(({ section, at }) => ({ section, at })),
    ...{
      secrets: judgeSecrets(found),
      data: findData(found),
      moving: planMoves(found),
      notes: adviceOn(found, values.missing),
    },
    ...{ dryRun, profile, written: files.map(({ path }) => path), missing: values.missing },
  };
}

function addressOf({ domain, tls, ports, appsDomain }: FoundAddress): AdoptResult["address"] {
  return { domain, tls, ports, ...(appsDomain === undefined ? {} : { appsDomain }) };
}

/** A first install of these values and nothing else. */
function inputsOf(
  { name }: InstallTarget,
  { assets }: FilePorts,
  file: { readonly name: string; readonly text: string },
): PlanInputs {
  return {
    ...{ name, profile, files: [file], set: [], without: [], recordedDigests: new Map() },
    ...{ defaults: readOwnValues("values/values.yaml", assets), profileValues: readProfile(profile, assets) },
    ...{ recorded: undefined, lock: undefined, restore: undefined, isolated: undefined },
  };
}

/** The versions that a platform of every component has, whatever of it the values ask for. */
function ourVersions(request: InstallTarget, ports: FilePorts): OurVersions {
  const sections = vendorPrograms.map(({ component }) => `${sectionOfComponent(component)}.mode=embedded`);
  const inputs = inputsOf(request, ports, { name: "versions", text: "{}" });
  const { plan } = planOf({ ...inputs, set: [anyDomain, ...sections] }, ports.assets);
  const { images } = JSON.parse(ports.assets.readText("images/images.generated.json")) as {
    readonly images: Readonly<Record<string, unknown>>;
  };
  return new Map(
    plan.components.flatMap(({ id, workload }) => {
      const { version } = fieldsOf(images[workload?.container.image.name ?? ""]);
      return typeof version === "string" ? [[id, version.replace(/^v/, "")] as const] : [];
    }),
  );
}

/** The old installation is read only, and its folder is part of it. */
function refuseInside(from: string, out: string): void {
  const path = relative(from, out);
  if (path === ".." || path.startsWith("../")) return;
  throw new UsageError(`${out} is inside ${from}, and nothing is written there`, {
    hint: "name another folder with --out",
  });
}

async function refuseExisting(paths: readonly string[], { fs }: FilePorts): Promise<void> {
  const present: string[] = [];
  for (const path of paths) if (await fs.exists(path)) present.push(path);
  if (present.length === 0) return;
  throw new UsageError(`${present.join(", ")} ${present.length === 1 ? "is" : "are"} there already`, {
    hint: "move them away, or name another folder with --out; nothing was written",
  });
}

/** The values last: where they are, everything they name is. */
async function write(
  { text, secrets, missing }: AdoptedValues,
  valuesFile: string,
  out: string,
  { fs }: FilePorts,
): Promise<void> {
  if (!(await fs.exists(out))) await fs.makeDirectory(out, 0o700);
  if (secrets.length + missing.length > 0) await fs.makeDirectory(join(out, "secrets"), 0o700);
  for (const { path, contents } of secrets) await fs.writeAtomic(path, contents, { mode: 0o600 });
  await fs.writeAtomic(valuesFile, text, { mode: 0o600 });
}
