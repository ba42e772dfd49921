import type { SecretSpec } from "../../plan/model.ts";
import type { Applied, RotationState } from "../state/records.ts";
import type { AppliedRecord } from "../state/state-store.ts";
import {
  dependenciesFirst,
  dependencyOf,
  formerPart,
  type Parts,
  partsOf,
  readParts,
  secretFile,
} from "./secret-parts.ts";
import { inputsHash, makeSecret, type SecretPorts, type SecretRequest } from "./secret-store.ts";

/** What a replacement is called until it takes the place. */
const nextPart = "next";

/**
 * Puts new secrets in the place of those that the record names. Each is on disk before the one that it replaces is gone, so that a run that
 * is killed anywhere is gone on with by the next. What becomes of the platform is not known here: the caller hands them to it.
 */
export async function rotateSecrets(ports: SecretPorts, request: SecretRequest, record: AppliedRecord): Promise<void> {
  const specs = dependenciesFirst(request.specs);
  const inState = (state: RotationState): readonly SecretSpec[] =>
    specs.filter(({ name }) => record.current().rotation?.[name] === state);
  // Key pairs cost the most, and what one is signed by may be replaced, too.
  await Promise.all(
    inState("wanted")
      .filter(isIndependent)
      .map((spec) => makeBeside(spec, { ports, request, record })),
  );
  await placeAll(inState("made"), { ports, request, record });
  for (const spec of inState("wanted")) await makeBeside(spec, { ports, request, record });
  await placeAll(inState("made"), { ports, request, record });
}

function isIndependent({ generator }: SecretSpec): boolean {
  return dependencyOf(generator) === undefined;
}

interface Rotation {
  readonly ports: SecretPorts;
  readonly request: SecretRequest;
  readonly record: AppliedRecord;
}

async function makeBeside(spec: SecretSpec, { ports, request, record }: Rotation): Promise<void> {
  const { fs, clock, failpoint } = ports;
  const found = await readDependency(spec, ports, request);
  const { parts, expires } = await makeSecret(ports, request, spec, found);
  for (const [part, value] of Object.entries(parts)) {
    await fs.writeAtomic(besideFile(request.folder, spec.name, part), value, { mode: 0o400 });
    await failpoint(`rotation:next:${spec.name}${part === "" ? "" : `.${part}`}`);
  }
  const hash = await inputsHash(ports, request, spec, found);
  const made = { inputsHash: hash, at: clock.now().toISOString(), ...(expires === undefined ? {} : { expires }) };
  await record.update((applied) => ({
    ...stateOf(applied, [spec], "made"),
    // The digest is that of what the platform runs with until it was handed over.
    secrets: { ...applied.secrets, [spec.name]: { ...digestOf(applied, spec), ...made } },
  }));
  await failpoint(`rotation:made:${spec.name}`);
}

function digestOf({ secrets }: Applied, { name }: SecretSpec): { readonly digest?: string } {
  const digest = secrets[name]?.digest;
  return digest === undefined ? {} : { digest };
}

async function readDependency(
  { generator }: SecretSpec,
  { fs }: Pick<SecretPorts, "fs">,
  { specs, folder }: SecretRequest,
): Promise<ReadonlyMap<string, Parts>> {
  const other = specs.find(({ name }) => name === dependencyOf(generator));
  const parts = other === undefined ? undefined : await readParts(fs, folder, other);
  return new Map(other === undefined || parts === undefined ? [] : [[other.name, parts]]);
}

async function placeAll(specs: readonly SecretSpec[], { ports, request, record }: Rotation): Promise<void> {
  if (specs.length === 0) return;
  for (const spec of specs) await place(spec, ports, request);
  await record.update((applied) => stateOf(applied, specs, "placed"));
  await ports.failpoint("rotation:placed");
}

/** A part whose replacement is not beside it any more has taken its place before. */
async function place(
  { name, generator, rotation }: SecretSpec,
  { fs, failpoint }: SecretPorts,
  { folder }: SecretRequest,
): Promise<void> {
  for (const part of partsOf(generator)) {
    const [there, beside] = [secretFile(folder, name, part), besideFile(folder, name, part)];
    const next = await fs.readTextIfPresent(beside);
    if (next === undefined) continue;
    const before = await fs.readTextIfPresent(there);
    // A run that was killed here may have put it there: then what was before is written down already.
    if (rotation?.kind === "in-store" && before !== undefined && before !== next) {
      await fs.writeAtomic(secretFile(folder, name, formerPart), before, { mode: 0o400 });
      await failpoint(`rotation:former:${name}`);
    }
    await fs.writeAtomic(there, next, { mode: 0o400 });
    await failpoint(`rotation:there:${name}${part === "" ? "" : `.${part}`}`);
    await fs.remove(beside);
    await failpoint(`rotation:placed:${name}${part === "" ? "" : `.${part}`}`);
  }
}

function stateOf(
  { rotation = {} }: Applied,
  specs: readonly SecretSpec[],
  state: RotationState,
): Pick<Applied, "rotation"> {
  return { rotation: { ...rotation, ...Object.fromEntries(specs.map(({ name }) => [name, state])) } };
}

function besideFile(folder: string, name: string, part: string): string {
  return secretFile(folder, name, part === "" ? nextPart : `${part}.${nextPart}`);
}
