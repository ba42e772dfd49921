import type { Command } from "commander";
import { exitStatusOf } from "../../errors/exit-codes.ts";
import { UsageError } from "../../errors/installer-error.ts";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import { parseDuration } from "../parse-arguments.ts";
import { toTarget } from "../runtime.ts";
import type { Runtime, Session } from "../runtime.ts";
import { formatDrift } from "../ui/print-plan.ts";
import { formatStatus } from "../ui/print-status.ts";

const clearScreen = "\u001b[H\u001b[2J";

interface StatusOptions {
  readonly watch?: boolean;
  readonly interval: number;
  readonly drift?: boolean;
}

/** `status`: the live state, read from the engine. */
export function declareStatus(program: Command, runtime: Runtime): void {
  const command = program
    .command("status")
    .summary("show what runs, live from the engine")
    .description(
      "Shows every component with its state, health, uptime, ports and image, read from the engine and not from records. Exit 0 when everything installed is healthy, 7 when not. With --drift it tells what is not as it was installed: files, containers and jobs, and what somebody changed inside services; exit 14 where something is. slipway install sets right what is outside of services, install --repair that inside, too.",
    )
    .option("--watch", "show it again and again until Ctrl-C")
    .option("--interval <time>", "time between two looks of --watch", parseDuration, 2)
    .option("--drift", "tell what is not as it was installed, and change nothing");
  withExamples(command, [
    { command: "slipway status", means: "a table" },
    { command: "slipway status --json", means: "everything, with image digests and versions" },
    { command: "slipway status --drift", means: "exit 14 where somebody changed something" },
    { command: "slipway status --watch --interval 5s", means: "kept up to date" },
  ]);
  printsJson(command, ["StatusResult", "DriftResult"]);
  command.action((options: StatusOptions) =>
    runtime.perform(command, async (session) => {
      if (options.drift === true) return showDrift(session, options);
      const watch = options.watch === true;
      let healthy = await showOnce(session, { watch, clear: false });
      while (watch) {
        await session.context.sleep(options.interval * 1000);
        if (session.context.signal.aborted) break;
        healthy = await showOnce(session, { watch, clear: session.context.io.stdout.isTTY });
      }
      return healthy ? 0 : exitStatusOf("ROLLOUT_TIMEOUT");
    }),
  );
}

async function showDrift(session: Session, { watch }: StatusOptions): Promise<number> {
  if (watch === true) throw new UsageError("--drift looks once", { hint: "leave out --watch" });
  const result = await session.engine.drift(toTarget(session.selection));
  if (session.manner.json) session.tellJson(result);
  else session.tell(formatDrift(result, session.style));
  return result.drifted ? exitStatusOf("PLAN_CHANGED") : 0;
}

interface Look {
  readonly watch: boolean;
  readonly clear: boolean;
}

async function showOnce(session: Session, { watch, clear }: Look): Promise<boolean> {
  const result = await session.engine.status(toTarget(session.selection));
  // One look follows another: each on a line of its own.
  if (session.manner.json) session.tellJson(result, { onOneLine: watch });
  else session.tell((clear ? clearScreen : "") + formatStatus(result, session.style));
  return result.overall === "healthy";
}
