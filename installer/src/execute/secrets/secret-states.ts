import type { SecretSpec } from "../../plan/model.ts";
import type { Clock, FileSystem } from "../../platform/ports.ts";
import type { Applied } from "../state/records.ts";
import {
  dependenciesFirst,
  dependencyOf,
  isDerived,
  isDue,
  type Parts,
  partsDigest,
  partsOf,
  readParts,
  secretFile,
} from "./secret-parts.ts";
import { inputsHash, type SecretRequest } from "./secret-store.ts";

/** A secret that is not as the platform runs with it. */
export interface SecretState {
  readonly spec: SecretSpec;
  /** `gone` stops an install; what is `due` it makes again; what was `changed` by hand it takes over. */
  readonly state: "gone" | "due" | "changed";
  /** Parts whose files are missing or empty. */
  readonly missing: readonly string[];
}

export type InspectRequest = Omit<SecretRequest, "given"> & {
  /** Without it, what a person gives is not looked at. */
  readonly given?: SecretRequest["given"];
};

/**
 * Compares the secrets that lie in the folder with those that the platform runs with; nothing is made. Secrets that were never
 * made are not among them.
 */
export async function inspectSecrets(
  ports: { readonly fs: FileSystem; readonly clock: Clock },
  request: InspectRequest,
  applied: Applied,
): Promise<readonly SecretState[]> {
  const found = new Map<string, Parts>();
  const states: SecretState[] = [];
  for (const spec of dependenciesFirst(request.specs)) {
    const parts = await readParts(ports.fs, request.folder, spec);
    if (parts !== undefined) found.set(spec.name, parts);
    if (applied.secrets[spec.name] === undefined) continue;
    const state = await stateOf(spec, { parts, found }, { ports, request, applied });
    if (state === undefined) continue;
    states.push({
      spec,
      state,
      missing: parts === undefined ? await missingParts(ports.fs, request.folder, spec) : [],
    });
  }
  return states;
}

interface Inspection {
  readonly ports: { readonly fs: FileSystem; readonly clock: Clock };
  readonly request: InspectRequest;
  readonly applied: Applied;
}

async function stateOf(
  spec: SecretSpec,
  { parts, found }: { readonly parts: Parts | undefined; readonly found: ReadonlyMap<string, Parts> },
  { ports, request, applied }: Inspection,
): Promise<SecretState["state"] | undefined> {
  const recorded = applied.secrets[spec.name];
  const derived = isDerived(spec.generator);
  if (parts === undefined) return derived || !request.dataExists ? "due" : "gone";
  if (isDue(ports.clock, spec, recorded?.expires)) return "due";
  if (derived && (await hasOtherInputs(spec, found, { ports, request, applied }))) return "due";
  const isOther = recorded?.digest !== undefined && recorded.digest !== partsDigest(request.digestKey, parts);
  return isOther ? "changed" : undefined;
}

async function hasOtherInputs(
  spec: SecretSpec,
  found: ReadonlyMap<string, Parts>,
  { ports, request, applied }: Inspection,
): Promise<boolean> {
  const { given } = request;
  const dependency = dependencyOf(spec.generator);
  const isGiven = spec.generator.kind === "given" || spec.generator.kind === "given-file";
  // That what it is made of is gone is told of that.
  if ((dependency !== undefined && !found.has(dependency)) || (isGiven && given === undefined)) return false;
  const recorded = applied.secrets[spec.name]?.inputsHash;
  const inputs = { digestKey: request.digestKey, given: given ?? (() => undefined) };
  // What cannot be read is told by the checks of the host.
  return (await inputsHash(ports, inputs, spec, found).catch(() => recorded)) !== recorded;
}

async function missingParts(fs: FileSystem, folder: string, spec: SecretSpec): Promise<readonly string[]> {
  const parts = partsOf(spec.generator);
  const texts = await Promise.all(parts.map((part) => fs.readTextIfPresent(secretFile(folder, spec.name, part))));
  return parts.filter((_part, index) => (texts[index] ?? "") === "");
}
