import type { Command } from "commander";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import { toTarget } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";
import { formatRunJob } from "../ui/print-run-job.ts";

/** `run`: one job of the bring-up again. */
export function declareRun(program: Command, runtime: Runtime): void {
  const command = program
    .command("run")
    .summary("run one job of the bring-up again")
    .description(
      "Runs one job that prepares a service, against the service as it runs, and says what it set right. For what was changed inside a service since: install looks only at what it wrote itself. Nothing restarts.",
    )
    .argument("<job>", "the job, as verify and plan name it")
    .option("--dry-run", "only say what it would set right; nothing is changed");
  withExamples(command, [
    { command: "slipway run casdoor-bootstrap", means: "clients, addresses and closed accounts of sign-in" },
    { command: "slipway run casdoor-bootstrap --dry-run", means: "what differs, and nothing is changed" },
    { command: "slipway run postgres-databases", means: "databases, roles and their rights" },
  ]);
  printsJson(command, ["RunJobResult"]);
  command.action((job: string, options: { readonly dryRun?: boolean }) =>
    runtime.perform(command, async (session) => {
      const result = await session.engine.runJob({
        ...toTarget(session.selection),
        job,
        ...(options.dryRun === true && { dryRun: true }),
      });
      if (session.manner.json) session.printJson(result);
      else session.print(formatRunJob(result, session.style));
      return 0;
    }),
  );
}
