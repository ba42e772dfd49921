import type { WireCheck } from "../wires/wire-check.ts";
import type { LookContext } from "./look-context.ts";

/** Proves what `verify` proves once the platform runs, and cleans up. */
export async function proveWire<W>(check: WireCheck<W>, wire: W, { signal }: LookContext): Promise<void> {
  const undos: (() => Promise<void> | void)[] = [];
  try {
    await check.prove(wire, { signal, note: () => undefined, atEnd: (undo) => void undos.push(undo) });
  } finally {
    for (const undo of undos.toReversed()) await Promise.resolve(undo()).catch(() => undefined);
  }
}
