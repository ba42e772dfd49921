import { join } from "node:path";
import { assertNever } from "../../errors/installer-error.ts";
import type { SecretGenerator, SecretSpec } from "../../plan/model.ts";
import type { Clock, FileSystem } from "../../platform/ports.ts";
import { canonicalJson, keyedDigest } from "../digest.ts";

/** Parts of a secret by name; one that is not made of parts has the single part "". */
export type Parts = Readonly<Record<string, string>>;

const renewBeforeMs = 30 * 86_400_000;
/** What everybody may see. */
export const publicParts: readonly string[] = ["certificate", "publicKey"];

/** The names of the parts a generator makes. */
export function partsOf(generator: SecretGenerator): readonly string[] {
  switch (generator.kind) {
    case "signing-pair":
    case "certificate-authority":
    case "tls-leaf":
      return ["privateKey", "certificate"];
    case "ssh-host-key":
      return ["privateKey", "publicKey"];
    case "random":
    case "password":
    case "bcrypt":
    case "given":
    case "given-file":
      return [""];
    default:
      return assertNever(generator);
  }
}

/** Where a part of a secret lies. */
export function secretFile(folder: string, name: string, part: string): string {
  return join(folder, part === "" ? name : `${name}.${part}`);
}

/** The parts of a secret as they lie in the folder; undefined when one is missing. */
export async function readParts(fs: FileSystem, folder: string, spec: SecretSpec): Promise<Parts | undefined> {
  const parts: Record<string, string> = {};
  for (const part of partsOf(spec.generator)) {
    const value = await fs.readTextIfPresent(secretFile(folder, spec.name, part));
    // No secret is empty: a file that lost its contents must not open a service to everybody.
    if (value === undefined || value === "") return undefined;
    parts[part] = value;
  }
  return parts;
}

/** The part of a secret that was in its place before, where a store needs to know. */
export const formerPart = "former";

/** What stood in the place of a secret before; the secret itself where nothing did. */
export async function readFormer(
  fs: Pick<FileSystem, "readTextIfPresent">,
  folder: string,
  { name, rotation }: SecretSpec,
): Promise<string | undefined> {
  if (rotation?.kind !== "in-store") return undefined;
  return fs.readTextIfPresent(secretFile(folder, name, formerPart));
}

/** Derived secrets follow their inputs; the others are made once and stay. */
export function isDerived(generator: SecretGenerator): boolean {
  return ["bcrypt", "tls-leaf", "given", "given-file"].includes(generator.kind);
}

/** The secret that this one is made of or signed by. */
export function dependencyOf(generator: SecretGenerator): string | undefined {
  if (generator.kind === "bcrypt") return generator.of;
  return generator.kind === "tls-leaf" ? generator.authority : undefined;
}

/** Each after the one it is made of. */
export function dependenciesFirst(specs: readonly SecretSpec[]): readonly SecretSpec[] {
  return [...specs].sort(
    (a, b) => Number(dependencyOf(a.generator) !== undefined) - Number(dependencyOf(b.generator) !== undefined),
  );
}

/** Whether it ends so soon that it is made again. */
export function isDue(clock: Clock, spec: SecretSpec, expires: string | undefined): boolean {
  if (spec.generator.kind !== "tls-leaf" || expires === undefined) return false;
  return Date.parse(expires) - clock.now().getTime() < renewBeforeMs;
}

/** Keyed: it tells nothing about the secret, but whether it is the one that was seen before. */
export function partsDigest(digestKey: string, parts: Parts): string {
  return keyedDigest(digestKey, canonicalJson(parts));
}
