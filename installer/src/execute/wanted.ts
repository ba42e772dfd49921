import { InternalError } from "../errors/installer-error.ts";
import type { Plan } from "../plan/model.ts";
import type { Rendering, Unit } from "../render/rendering.ts";
import { keyedDigest } from "./digest.ts";
import { resolveText } from "./secrets/encode.ts";
import type { Secrets } from "./secrets/secret-store.ts";

/** A rendered file with its secrets filled in. */
export interface CompleteFile {
  readonly path: string;
  readonly contents: string;
  /** Keyed: it tells nothing about the contents. */
  readonly digest: string;
  readonly owner?: number;
}

/** A unit with the digests that tell whether what runs has read what it should. */
export interface WantedUnit extends Unit {
  /** One digest for all files it reads. */
  readonly filesDigest: string;
  /** Over what it does and with which contents: a job that is done for it is not run again. */
  readonly inputs: string;
}

/** A platform as it must be, down to the bytes of every file. */
export interface Wanted {
  readonly plan: Plan;
  readonly rendering: Rendering;
  /** By path. */
  readonly files: ReadonlyMap<string, CompleteFile>;
  /** By id; services first, in the order of the plan. */
  readonly units: ReadonlyMap<string, WantedUnit>;
}

/** Fills the secrets into the rendered files and computes every digest, once for a run. */
export function completeWanted(
  desired: { readonly plan: Plan; readonly rendering: Rendering },
  secrets: Pick<Secrets, "read">,
  digestKey: string,
): Wanted {
  const { plan, rendering } = desired;
  const files = new Map<string, CompleteFile>();
  for (const { path, contents, owner } of rendering.files) {
    const text = resolveText(contents, secrets.read);
    const digest = keyedDigest(digestKey, text);
    files.set(path, { path, contents: text, digest, ...(owner === undefined ? {} : { owner }) });
  }
  const lasting = new Set(plan.jobs.flatMap(({ id, outlastsSecrets }) => (outlastsSecrets === true ? [id] : [])));
  const units = new Map<string, WantedUnit>();
  for (const unit of rendering.units) {
    const lines = unit.filePaths.map((path) => `${path} ${files.get(path)?.digest ?? ""}`);
    const filesDigest = keyedDigest(digestKey, lines.join("\n"));
    const work = lasting.has(unit.id) ? withoutSecrets(unit, rendering, digestKey) : filesDigest;
    units.set(unit.id, { ...unit, filesDigest, inputs: keyedDigest(digestKey, `${unit.specHash} ${work}`) });
  }
  return { plan, rendering, files, units };
}

/** One digest for what a unit reads, whatever its secrets are. */
function withoutSecrets({ filePaths }: Unit, { files }: Rendering, digestKey: string): string {
  const lines = filePaths.map(
    (path) => `${path} ${JSON.stringify(files.find((file) => file.path === path)?.contents)}`,
  );
  return keyedDigest(digestKey, lines.join("\n"));
}

/** @throws InternalError for a unit that was not rendered */
export function unitNamed(wanted: Wanted, id: string): WantedUnit {
  const unit = wanted.units.get(id);
  if (unit === undefined) throw new InternalError(`${id} was not rendered`);
  return unit;
}
