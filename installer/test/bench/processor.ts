import { readFile } from "node:fs/promises";
import { cpus } from "node:os";

/** Figures of bundles differ by whether the processor has instructions for SHA-256, so each kind has a table of its own. */
export interface Processor {
  readonly hasSha: boolean;
  /** How many, which, and whether with these instructions. */
  readonly text: string;
}

/** What OpenSSL and programs of Go are told by. The number is the bit of SHA in CPUID leaf 7, EBX: Intel's manual, volume 2A. */
const switchedOff = { OPENSSL_ia32cap: ":~0x20000000", GODEBUG: "cpu.sha=off" };

/**
 * The processor of this machine.
 * @param withoutSha starts every program from now on as on one without the instructions
 * @throws {Error} when they cannot be switched off here
 */
export async function readProcessor(withoutSha: boolean): Promise<Processor> {
  const flags = await readFile("/proc/cpuinfo", "utf8").catch(() => "");
  const isThere = /\b(?:sha_ni|sha2)\b/.test(flags);
  const cores = cpus();
  const model = `${cores.length} × ${cores[0]?.model.trim() ?? "unknown CPU"}`;
  if (!withoutSha || !isThere)
    return { hasSha: isThere, text: `${model} ${isThere ? "with" : "without"} SHA instructions` };
  if (process.arch !== "x64")
    throw new Error(`SHA instructions are switched off on x64 only, and this is ${process.arch}`);
  Object.assign(process.env, switchedOff);
  return { hasSha: false, text: `${model}, its SHA instructions switched off for OpenSSL and Go` };
}
