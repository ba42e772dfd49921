import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { UsageError } from "../../errors/installer-error.ts";
import type { Ask } from "../../events/ask.ts";
import { runsHere } from "../../values/section.ts";
import { type Fields, fieldsOf, hasFields } from "../../language/fields.ts";
import { valuesSections } from "../../plan/values-sections.ts";
import { hideSecrets } from "../../values/describe-value.ts";
import { loadValues } from "../../values/load-values.ts";
import { readSchemaWords } from "../../values/schema-words.ts";
import { valuesFileHeader, schemaFileName } from "../../values/values-file-header.ts";
import type { ActionPorts, InstallTarget, ResultHead, ValuesSelection } from "../context.ts";
import { fullValuesText } from "./full-values.ts";
import { findRoom, usualPlace } from "./host-fit.ts";
import { type Answered, askForValues, withFitting, type WizardBasis } from "./init-questions.ts";
import { demandOf, type Estimate, proposeSizes, usualEstimate } from "./sizing.ts";
import { sectionOfComponent } from "../../plan/component-names.ts";
import { defaultProfile, readImageTable, readOwnValues, readProfile } from "../desired/load-plan.ts";
import { readValuesFile } from "../desired/values-files.ts";

export interface InitRequest extends InstallTarget {
  readonly values: ValuesSelection;
  /** Absolute path of the file to write. */
  readonly out: string;
  /** Replace the file if it is there. */
  readonly force: boolean;
  /** Every setting, as a comment where it has its default. */
  readonly full?: boolean;
  /** How large the platform is expected to become, where that was said. */
  readonly estimate?: Partial<Estimate>;
  /** Who answers the wizard; without it nothing is asked. */
  readonly answers: Ask | undefined;
}

export interface InitResult extends ResultHead<"InitResult"> {
  readonly path: string;
  readonly profile: string;
  /** What the file holds: only what differs from the defaults. Secrets are not shown. */
  readonly given: Fields;
  /** Of sizes that were proposed: what they are for, and what does not fit this host. */
  readonly notes?: readonly string[];
}

export interface InitPorts extends Pick<ActionPorts, "fs" | "assets" | "clock" | "host"> {
  /** Asks the target where data lies that has no directory of its own. It may not be there yet. */
  readonly findDataPlace?: () => Promise<string | undefined>;
}

/**
 * Writes a values file with what differs from the defaults, and the schema beside it for editors.
 * @throws UsageError when the file is there already; ValuesError when flags or answers break a rule; AbortError when a question was not answered
 */
export async function init(request: InitRequest, ports: InitPorts): Promise<InitResult> {
  if (!request.force && (await ports.fs.exists(request.out))) {
    throw new UsageError(`${request.out} is there already`, {
      hint: "edit it, give --out another name, or --force to replace it",
    });
  }
  const schemaFile = join(dirname(request.out), schemaFileName);
  if (request.out === schemaFile) {
    throw new UsageError(`${request.out} is where the schema for editors is written`, {
      hint: "give --out another name",
    });
  }
  const profile = request.values.profile ?? defaultProfile;
  const base = { defaults: defaultsOf(ports), profile: readProfile(profile, ports.assets) };
  const sections = valuesSections();
  // Without the components' own rules: alone a profile need not be complete, and standard wants a domain.
  const defaultValues = loadValues(base, []).values;
  const files = await Promise.all(request.values.files.map((path) => readValuesFile(path, ports)));
  const without = request.values.without.map((name) => `${sectionOfComponent(name)}.mode=off`);
  const load = (answered: readonly string[]) =>
    loadValues({ ...base, files, sets: [...answered, ...request.values.set, ...without] }, sections);
  const basis = {
    schema: ports.assets.readText("values/values.schema.json"),
    defaults: defaultValues,
    images: readImageTable(ports.assets),
    profile,
    estimate: { ...usualEstimate, ...request.estimate },
    out: request.out,
    load,
  };
  const { sets, notes } = await decide(request, basis, ports);
  const loaded = load(sets);
  const given = withoutDefaults(loaded.given, defaultValues);
  const body =
    request.full === true
      ? fullValuesText(defaultValues, given, readSchemaWords(basis.schema))
      : isEmpty(given)
        ? nothingGiven
        : stringify(given, { lineWidth: 0 });
  await ports.fs.writeAtomic(
    request.out,
    `${valuesFileHeader()}${notes.map((note) => `# ${note}\n`).join("")}${body}`,
    { mode: 0o600 },
  );
  await ports.fs.writeAtomic(schemaFile, basis.schema, { mode: 0o644 });
  return {
    apiVersion: "slipway/v1",
    kind: "InitResult",
    path: request.out,
    profile,
    given: fieldsOf(hideSecrets(given)),
    ...(notes.length === 0 ? {} : { notes }),
  };
}

type Basis = Omit<WizardBasis, "dataPlace" | "load"> & {
  readonly load: (sets: readonly string[]) => ReturnType<typeof loadValues>;
};

/** What the wizard is answered; without it the sizes for an estimate, if one was given. */
async function decide({ answers, estimate }: InitRequest, basis: Basis, ports: InitPorts): Promise<Answered> {
  if (answers === undefined && estimate === undefined) return { sets: [], notes: [] };
  // Values may be written before there is an engine.
  const dataPlace = await ports.findDataPlace?.().catch(() => undefined);
  if (answers !== undefined) return askForValues(answers, { ...basis, dataPlace }, ports);
  const { values, given } = basis.load([]);
  const present = valuesSections().filter((section) => runsHere(values, section));
  const room = await findRoom(values.dataDir === "" ? (dataPlace ?? usualPlace) : values.dataDir, ports);
  const { sets, notes } = proposeSizes(demandOf(present, basis.defaults, basis.estimate), basis.estimate, room);
  // What somebody has said counts, and what a component's own settings need.
  return {
    sets: withFitting(
      [],
      sets.filter((set) => !isGiven(given, set)),
      basis,
    ),
    notes,
  };
}

function isGiven(given: unknown, set: string): boolean {
  const path = set.slice(0, set.indexOf("=")).split(".");
  return path.reduce<unknown>((found, key) => (hasFields(found) ? found[key] : undefined), given) !== undefined;
}

/** A map without keys would have to go before a key can be added. */
const nothingGiven =
  "# Everything has its default. Add what shall be different, or see every setting with: slipway init --full\n";

function defaultsOf(ports: Pick<ActionPorts, "assets">) {
  return readOwnValues("values/values.yaml", ports.assets);
}

/** The part of a value that differs from the defaults; undefined when nothing does. */
function withoutDefaults(given: unknown, defaults: unknown): unknown {
  if (!hasFields(given) || !hasFields(defaults)) return Object.is(given, defaults) ? undefined : given;
  const kept = Object.entries(given)
    .map(([key, value]) => [key, withoutDefaults(value, defaults[key])] as const)
    .filter(([, value]) => value !== undefined);
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

function isEmpty(value: unknown): boolean {
  return value === undefined || (hasFields(value) && Object.keys(value).length === 0);
}
