import { resolve } from "node:path";
import type { Command } from "commander";
import { collectOption } from "./collect-option.ts";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import { parseMoment } from "../parse-arguments.ts";
import { toTarget } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";
import { formatCollectors, formatSupportBundle } from "../ui/print-support-bundle.ts";

interface SupportBundleOptions {
  readonly output?: string;
  readonly force?: boolean;
  readonly since: string;
  readonly list?: boolean;
  readonly dryRun?: boolean;
}

/** `support-bundle`: one file for whoever helps, without secrets. */
export function declareSupportBundle(program: Command, runtime: Runtime): void {
  const command = program
    .command("support-bundle")
    .summary("collect what helps to find a fault into one file, without secrets")
    .description(
      "Collects versions, values, plan, status, doctor, history and log lines into one .tar.gz that only its owner reads. Secrets are taken out, and the finished file is looked through for each of them; if one is found it is deleted, exit 9. Nothing is sent anywhere.",
    )
    .option("-o, --output <file>", "file to write; without it a new one in the working directory")
    .option("--force", "replace the file if it is there")
    .option("--since <time>", "log lines since then: 10m, 24h or 2026-11-21T10:00:00Z", parseMoment, "24h")
    .option("--without <collector>", "leave a collector out; may be given more than once", collectOption)
    .option("--list", "name every collector, what it holds and why; collect nothing")
    .option("--dry-run", "collect and count, and write nothing");
  withExamples(command, [
    { command: "slipway support-bundle", means: "a file to send to whoever helps" },
    { command: "slipway support-bundle --list", means: "what is in it, before it is made" },
    { command: "slipway support-bundle --since 2h --without logs -o /tmp/support.tar.gz", means: "without log lines" },
    {
      command: "slipway support-bundle --dry-run --json",
      means: "every file with its size, and what would be taken out",
    },
  ]);
  printsJson(command, ["SupportBundleResult", "CollectorList"]);
  command.action((options: SupportBundleOptions) =>
    runtime.perform(command, async (session) => {
      const { cwd } = session.context.io;
      const result = await session.engine.supportBundle({
        ...toTarget(session.selection),
        ...(options.output !== undefined && { out: resolve(cwd, options.output) }),
        folder: cwd,
        force: options.force === true,
        since: options.since,
        without: session.selection.without,
        listOnly: options.list === true,
        dryRun: options.dryRun === true,
      });
      if (session.manner.json) session.tellJson(result);
      else
        session.tell(
          result.kind === "CollectorList"
            ? formatCollectors(result, session.style, session.columns)
            : formatSupportBundle(result, session.style),
        );
      return 0;
    }),
  );
}
