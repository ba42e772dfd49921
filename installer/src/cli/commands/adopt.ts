import { resolve } from "node:path";
import type { Command } from "commander";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import { toTarget } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";
import { formatAdopt } from "../ui/print-adopt.ts";

interface AdoptOptions {
  readonly out: string;
  readonly dryRun?: boolean;
}

/** `adopt`: what an existing installation is, and values for it. */
export function declareAdopt(program: Command, runtime: Runtime): void {
  const command = program
    .command("adopt")
    .summary("read an existing CSGHub installation and write values for it")
    .description(
      "Reads the files of a CSGHub that the vendor's tools installed: the folder with .env and docker-compose.yml, or a folder with the saved output of helm get values and helm get manifest. Says which versions run, where the data is, which services are elsewhere and which secrets others may know, and writes a values file with the secrets that have to be kept. The old installation is only read: nothing of it is changed or stopped, and no data is moved.",
    )
    .argument("<from>", "folder of the old installation's files")
    .option("--out <folder>", "where values and secrets are written", "adopted")
    .option("--dry-run", "say what was found; write nothing");
  withExamples(command, [
    { command: "slipway adopt /opt/csghub --dry-run", means: "what it is, and what would be written" },
    { command: "slipway adopt /opt/csghub --out adopted", means: "adopted/values.yaml, and adopted/secrets" },
    { command: "slipway adopt saved-release --json", means: "for a program" },
  ]);
  printsJson(command, ["AdoptResult"]);
  command.action((from: string, options: AdoptOptions) =>
    runtime.perform(command, async (session) => {
      const { cwd } = session.context.io;
      const result = await session.engine.adopt({
        ...toTarget(session.selection),
        from: resolve(cwd, from),
        out: resolve(cwd, options.out),
        dryRun: options.dryRun === true,
      });
      if (session.manner.json) session.tellJson(result);
      else session.tell(formatAdopt(result, session));
      return 0;
    }),
  );
}
