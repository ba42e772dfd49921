import type { Condition, Program } from "./programs.ts";
import type { Settings } from "./settings.ts";
import { StartRefusal } from "./start-refusal.ts";

/** How it is found out that something is there; each rejects with the reason why not. */
export type Reach = Readonly<Record<Exclude<Condition, "token" | "checks">, (settings: Settings) => Promise<void>>>;

const leastTokenLength = 128;

/**
 * Goes through what a program cannot start without. Nothing is tried twice: a supervisor has to start the program again.
 * @throws {StartRefusal} at the first that is not there.
 */
export async function meetConditions(program: Program, settings: Settings, reach: Reach): Promise<void> {
  for (const [condition, says] of program.conditions) {
    switch (condition) {
      case "token":
        if (settings.text("STARHUB_SERVER_API_TOKEN").length < leastTokenLength) throw new StartRefusal(says);
        break;
      case "checks":
        if (!settings.flag("STARHUB_SERVER_SENSITIVE_CHECK_ENABLE")) throw new StartRefusal(says, { panics: true });
        break;
      default:
        await reach[condition](settings).catch((error: unknown) => {
          throw new StartRefusal(`${says}: ${error instanceof Error ? error.message : String(error)}`);
        });
    }
  }
}
