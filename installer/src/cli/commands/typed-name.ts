import { AbortError, UsageError } from "../../errors/installer-error.ts";
import type { Session } from "../runtime.ts";

/** What loses data for good. */
export interface GraveDeed {
  /** `removing all data`. */
  readonly deed: string;
  /** What will be lost, as a sentence without its full stop. */
  readonly warning: string;
  /** What to say of it where the name is not typed. */
  readonly nothing: string;
}

/**
 * A name given in place of typing it must be that of the install, whatever is there: another one is a mistake.
 * @throws UsageError
 */
export function requireSameName(session: Session, given: string | undefined): void {
  const { name } = session.selection;
  if (given === undefined || given === name) return;
  throw new UsageError(`--yes-i-mean names "${given}", but the install is "${name}"`, {
    hint: `give --yes-i-mean ${name} or --name ${given}`,
  });
}

/**
 * Has the person type the install's name.
 * @throws AbortError where nobody can be asked, or something else is typed
 */
export async function typedName(session: Session, { deed, warning, nothing }: GraveDeed): Promise<string> {
  const { name } = session.selection;
  if (!session.prompts.available) {
    throw new AbortError(`${deed} needs the install's name and standard input is no terminal`, {
      hint: `give --yes-i-mean ${name}`,
    });
  }
  const typed = await session.prompts.input(`${warning}. Type its name to go on:`);
  if (typed.trim() !== name) throw new AbortError(`"${typed.trim()}" is not "${name}"; ${nothing}`);
  return name;
}
