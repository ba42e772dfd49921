import { parse } from "yaml";
import { PreflightError } from "../../errors/installer-error.ts";
import { listRevisions, readRevision } from "../../execute/history/revisions.ts";
import { secretsThatExist } from "../../execute/secrets/secret-store.ts";
import { type Install, planOfInstall } from "../../execute/state/install.ts";
import { hasFields } from "../../language/fields.ts";
import type { FileSystem } from "../../platform/ports.ts";
import { hideSecrets } from "../../values/describe-value.ts";

/** What is kept out of a support bundle by its value. */
export interface KnownSecrets {
  /** Values by name. */
  readonly values: ReadonlyMap<string, string>;
  /** Secrets of the plan that are nowhere, and cannot be looked for. */
  readonly missing: readonly string[];
}

/**
 * Every secret of an install that can be known: those in its folder, what its values and those of earlier revisions give as one, and the
 * key of its digests.
 * @throws PreflightError when they cannot be read: then nothing can be kept out
 */
export async function knownSecrets(install: Install, fs: FileSystem): Promise<KnownSecrets> {
  const { layout, identity } = install;
  const values = new Map<string, string>(await readFolder(layout.secrets, fs));
  const declared = planOfInstall(install)?.secrets.map(({ name }) => name) ?? [];
  const missing = declared.filter((name) => ![...values.keys()].some((known) => known.split(".")[0] === name));
  if (declared.length > 0 && missing.length === declared.length) {
    throw new PreflightError(`there are no secrets in ${layout.secrets}, and nothing could be kept out of a bundle`, {
      hint: "put the folder back from a backup of the state directory, or give the right --state-dir",
    });
  }
  if (identity !== undefined) values.set("digest-key", identity.digestKey);
  for (const text of await valuesTexts(install, fs)) addGiven(values, text);
  return { values, missing };
}

async function readFolder(folder: string, fs: FileSystem): Promise<ReadonlyMap<string, string>> {
  try {
    return await secretsThatExist(fs, { folder, specs: [], given: () => undefined });
  } catch (cause) {
    throw new PreflightError(`the secrets in ${folder} cannot be read, and nothing could be kept out of a bundle`, {
      hint: "run the command as the user who installed the platform",
      cause,
    });
  }
}

interface ValuesText {
  /** What is added to the names of its secrets. */
  readonly of: string;
  readonly text: string;
}

/** The values in effect and those of earlier revisions: a log may be older than a password. */
async function valuesTexts(install: Install, fs: FileSystem): Promise<readonly ValuesText[]> {
  const current = await fs.readTextIfPresent(install.layout.values);
  const numbers = await listRevisions(fs, install).catch(() => []);
  const earlier = await Promise.all(
    numbers.map((number) =>
      readRevision(fs, install, number).then(
        ({ values }): readonly ValuesText[] => [{ of: ` of revision ${number}`, text: values }],
        () => [],
      ),
    ),
  );
  return [...(current === undefined ? [] : [{ of: "", text: current }]), ...earlier.flat()];
}

/** What is known already keeps its name. */
function addGiven(values: Map<string, string>, { of, text }: ValuesText): void {
  let parsed: unknown;
  try {
    parsed = parse(text);
  } catch {
    // Values that cannot be read are in no file of the bundle either; what they gave before lies in the folder.
    return;
  }
  const known = new Set(values.values());
  for (const [path, value] of leavesOf(parsed)) {
    const given = String(value);
    if (hideSecrets(value, path) !== value && !known.has(given)) values.set(`values.${path.join(".")}${of}`, given);
  }
}

function leavesOf(value: unknown, path: readonly string[] = []): readonly (readonly [readonly string[], unknown])[] {
  if (hasFields(value)) return Object.entries(value).flatMap(([key, child]) => leavesOf(child, [...path, key]));
  if (Array.isArray(value)) return value.flatMap((child: unknown) => leavesOf(child, path));
  return value === null || value === undefined ? [] : [[path, value]];
}
