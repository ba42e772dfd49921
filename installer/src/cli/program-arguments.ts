import type { Runtime, Session } from "./runtime.ts";
import { UsageError } from "../errors/installer-error.ts";

/** A command line, and what stands behind the first `--`: the arguments of another program, whatever they look like. */
export function splitAtDashes(argv: readonly string[]): {
  readonly own: readonly string[];
  readonly program: readonly string[];
} {
  const at = argv.indexOf("--");
  return at < 0 ? { own: argv, program: [] } : { own: argv.slice(0, at), program: argv.slice(at + 1) };
}

/** The words of a command without those that stand behind `--`, which the parser hands over with them. */
export function ownOperands(operands: readonly (string | undefined)[], runtime: Runtime): readonly string[] {
  const all = operands.filter((word) => word !== undefined);
  return all.slice(0, all.length - runtime.programArguments.length);
}

/**
 * Refuses `--json` where all that is printed is another program's.
 * @throws UsageError
 */
export function requireOwnOutput({ manner }: Session): void {
  if (!manner.json) return;
  throw new UsageError("--json has no meaning here: what is printed is the program's own", {
    hint: "leave it out; options of the program stand behind --",
  });
}
