import { join } from "node:path";
import { assertNever, DataExpectedError, PreflightError } from "../../errors/installer-error.ts";
import type { SecretSlot, SecretSpec } from "../../plan/model.ts";
import type { Clock, Failpoint, FileSystem, Random } from "../../platform/ports.ts";
import { canonicalJson, keyedDigest } from "../digest.ts";
import type { Applied } from "../state/records.ts";
import type { AppliedRecord } from "../state/state-store.ts";
import { certificateAuthority, type KeyAndCertificate, signingPair, tlsLeaf } from "./certificates.ts";
import { bcryptHash, randomPassword, randomText, sshHostKey } from "./generate.ts";
import { givenValue } from "./given-value.ts";
import {
  dependenciesFirst,
  dependencyOf,
  isDerived,
  isDue,
  type Parts,
  partsDigest,
  partsOf,
  publicParts,
  formerPart,
  readFormer,
  readParts,
  secretFile,
} from "./secret-parts.ts";

export interface SecretPorts {
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
  readonly failpoint: Failpoint;
}

export interface SecretRequest {
  readonly specs: readonly SecretSpec[];
  /** The folder they are kept in. */
  readonly folder: string;
  readonly digestKey: string;
  /** The value at a path of the values, for secrets a person gives. */
  readonly given: (valuesPath: string) => string | undefined;
  /** Stores hold data that was made with these secrets. */
  readonly dataExists: boolean;
}

/** Every secret of an install, read. */
export interface Secrets {
  readonly read: (slot: Pick<SecretSlot, "name" | "part">) => string;
  /** Values to keep out of logs, by name; public parts are not among them. */
  readonly hidden: ReadonlyMap<string, string>;
  /** Keyed digest of each, to recognise it by. */
  readonly digests: ReadonlyMap<string, string>;
}

/**
 * Reads the secrets without making any; undefined when one is missing or due to be made again.
 * @throws PreflightError when a file that holds a given secret cannot be read
 */
export async function readSecrets(
  ports: SecretPorts,
  request: SecretRequest,
  applied: Applied,
): Promise<Secrets | undefined> {
  const found = new Map<string, Parts>();
  for (const spec of dependenciesFirst(request.specs)) {
    const parts = await readParts(ports.fs, request.folder, spec);
    if (parts === undefined) return undefined;
    const recorded = applied.secrets[spec.name];
    if (recorded?.inputsHash !== (await inputsHash(ports, request, spec, found))) return undefined;
    if (isDue(ports.clock, spec, recorded.expires)) return undefined;
    found.set(spec.name, parts);
  }
  return toSecrets(ports.fs, request, found);
}

/** Every secret that lies in the folder or is given, right or not: what to keep out of the log of a run that failed early. */
export async function secretsThatExist(
  fs: FileSystem,
  request: Pick<SecretRequest, "folder" | "specs" | "given">,
): Promise<ReadonlyMap<string, string>> {
  const hidden = new Map<string, string>();
  const names = await fs.list(request.folder);
  for (const name of names.filter((candidate) => !publicParts.some((part) => candidate.endsWith(`.${part}`)))) {
    hidden.set(name, await fs.readText(join(request.folder, name)));
  }
  for (const { name, generator } of request.specs) {
    const given = generator.kind === "given" ? request.given(generator.valuesPath) : undefined;
    if (given !== undefined) hidden.set(`${name} as given`, given);
  }
  return hidden;
}

/**
 * Makes the secrets that are missing and keeps every other; each is on disk before this returns.
 * @throws DataExpectedError for a secret that is gone while data made with it exists; PreflightError for a given one that is missing
 */
export async function ensureSecrets(
  ports: SecretPorts,
  request: SecretRequest,
  record: AppliedRecord,
): Promise<Secrets> {
  const found = new Map<string, Parts>();
  const made: Record<string, Applied["secrets"][string]> = {};
  const specs = dependenciesFirst(request.specs);
  // Key pairs cost the most; those that depend on no other secret are made side by side.
  const independent = specs.filter((spec) => dependencyOf(spec.generator) === undefined);
  const rest = specs.filter((spec) => dependencyOf(spec.generator) !== undefined);
  const ensure = async (spec: SecretSpec): Promise<void> => {
    const outcome = await ensureSecret(ports, request, spec, { applied: record.current(), found });
    found.set(spec.name, outcome.parts);
    const { digest, at } = { ...record.current().secrets[spec.name], ...outcome.made };
    made[spec.name] = {
      inputsHash: outcome.inputsHash,
      ...(at === undefined ? {} : { at }),
      ...(digest === undefined ? {} : { digest }),
      ...(outcome.expires === undefined ? {} : { expires: outcome.expires }),
    };
  };
  await Promise.all(independent.map(ensure));
  for (const spec of rest) await ensure(spec);
  const before = record.current().secrets;
  if (canonicalJson({ ...before, ...made }) !== canonicalJson(before)) {
    await record.update((applied) => ({ secrets: { ...applied.secrets, ...made } }));
  }
  return toSecrets(ports.fs, request, found);
}

/** A secret that cannot be made anew is not there. */
export function secretGone(name: string, file: string): DataExpectedError {
  return new DataExpectedError(`the secret ${name} is gone, and data made with it exists`, {
    hint: `put ${file} back from a backup of the state directory; it is never made anew`,
  });
}

interface Ensured {
  readonly parts: Parts;
  readonly inputsHash: string;
  readonly expires?: string | undefined;
  /** Set where it was made just now. */
  readonly made?: { readonly at: string };
}

async function ensureSecret(
  ports: SecretPorts,
  request: SecretRequest,
  spec: SecretSpec,
  { applied, found }: { readonly applied: Applied; readonly found: ReadonlyMap<string, Parts> },
): Promise<Ensured> {
  const hash = await inputsHash(ports, request, spec, found);
  const recorded = applied.secrets[spec.name];
  const present = await readParts(ports.fs, request.folder, spec);
  if (present !== undefined) {
    const inputsChanged = isDerived(spec.generator) && recorded?.inputsHash !== hash;
    if (!inputsChanged && !isDue(ports.clock, spec, recorded?.expires)) {
      return { parts: present, inputsHash: hash, expires: recorded?.expires };
    }
  } else if (recorded !== undefined && request.dataExists && !isDerived(spec.generator)) {
    throw secretGone(spec.name, secretFile(request.folder, spec.name, partsOf(spec.generator)[0] ?? ""));
  }
  const fresh = await makeSecret(ports, request, spec, found);
  for (const [part, value] of Object.entries(fresh.parts)) {
    await ports.fs.writeAtomic(secretFile(request.folder, spec.name, part), value, { mode: 0o400 });
    await ports.failpoint(`secret:${spec.name}${part === "" ? "" : `.${part}`}`);
  }
  const made = { at: ports.clock.now().toISOString() };
  return { parts: fresh.parts, inputsHash: hash, expires: fresh.expires, made };
}

/**
 * What a secret was made of, as a digest: another one means that it has to be made again.
 * @throws PreflightError when what a person has to give is not there
 */
export async function inputsHash(
  ports: Pick<SecretPorts, "fs">,
  request: Pick<SecretRequest, "digestKey" | "given">,
  spec: SecretSpec,
  found: ReadonlyMap<string, Parts>,
): Promise<string> {
  const { generator } = spec;
  const dependency = dependencyOf(generator);
  const inputs: unknown[] = [generator];
  if (dependency !== undefined) inputs.push(found.get(dependency));
  if (generator.kind === "given" || generator.kind === "given-file") {
    inputs.push(await givenValue(ports.fs, request, spec));
  }
  // What made the others is recorded but does not count: they are never made again.
  return keyedDigest(request.digestKey, canonicalJson(isDerived(generator) ? inputs : spec.name));
}

/**
 * Makes a secret, and keeps it nowhere.
 * @param found those that it is made of or signed by
 */
export async function makeSecret(
  ports: Pick<SecretPorts, "fs" | "clock" | "random">,
  request: SecretRequest,
  spec: SecretSpec,
  found: ReadonlyMap<string, Parts>,
): Promise<{ readonly parts: Parts; readonly expires?: string }> {
  const { generator } = spec;
  const { random } = ports;
  switch (generator.kind) {
    case "random":
      return { parts: { "": randomText(random, generator.bytes, generator.encoding) } };
    case "password":
      return { parts: { "": randomPassword(random, generator.length) } };
    case "bcrypt":
      return { parts: { "": await bcryptHash(requirePart(found, generator.of, ""), generator.htpasswdUser) } };
    case "signing-pair":
      return withExpiry(await signingPair(random, ports.clock.now(), generator));
    case "certificate-authority":
      return withExpiry(await certificateAuthority(random, ports.clock.now(), generator));
    case "tls-leaf": {
      const privateKey = requirePart(found, generator.authority, "privateKey");
      const certificate = requirePart(found, generator.authority, "certificate");
      return withExpiry(await tlsLeaf(random, ports.clock.now(), generator, { privateKey, certificate }));
    }
    case "ssh-host-key":
      return { parts: { ...(await sshHostKey(generator.algorithm)) } };
    case "given":
    case "given-file":
      return { parts: { "": await givenValue(ports.fs, request, spec) } };
    default:
      return assertNever(generator);
  }
}

function withExpiry(pair: KeyAndCertificate): { readonly parts: Parts; readonly expires: string } {
  return {
    parts: { privateKey: pair.privateKey, certificate: pair.certificate },
    expires: pair.expires.toISOString(),
  };
}

function requirePart(found: ReadonlyMap<string, Parts>, name: string, part: string): string {
  const value = found.get(name)?.[part];
  if (value !== undefined) return value;
  throw new PreflightError(
    `the plan refers to the secret ${name}${part === "" ? "" : `.${part}`}, which it does not declare`,
  );
}

async function toSecrets(
  fs: FileSystem,
  { specs, folder, digestKey }: SecretRequest,
  found: ReadonlyMap<string, Parts>,
): Promise<Secrets> {
  const hidden = new Map<string, string>();
  for (const [name, parts] of found) {
    for (const [part, value] of Object.entries(parts)) {
      if (!publicParts.includes(part)) hidden.set(part === "" ? name : `${name}.${part}`, value);
    }
  }
  const former = new Map<string, string>();
  for (const spec of specs) {
    const value = await readFormer(fs, folder, spec);
    if (value === undefined) continue;
    former.set(spec.name, value);
    hidden.set(`${spec.name}.${formerPart}`, value);
  }
  const digests = new Map([...found].map(([name, parts]) => [name, partsDigest(digestKey, parts)]));
  const read: Secrets["read"] = ({ name, part = "" }) =>
    part === formerPart ? (former.get(name) ?? requirePart(found, name, "")) : requirePart(found, name, part);
  return { read, hidden, digests };
}
