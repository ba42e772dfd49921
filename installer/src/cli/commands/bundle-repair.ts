import { resolve } from "node:path";
import { Option } from "commander";
import type { Command } from "commander";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import type { Runtime } from "../runtime.ts";
import { formatBundleRepaired } from "../ui/print-bundle.ts";
import { collectOption } from "./collect-option.ts";

interface RepairOptions {
  readonly output: string;
  readonly parts?: readonly string[];
  readonly key?: readonly string[];
}

/** `bundle repair`: lost parts, from parity. */
export function declareBundleRepair(group: Command, runtime: Runtime): void {
  const command = group
    .command("repair")
    .summary("rebuild lost or damaged parts of a split bundle")
    .description(
      "Rebuilds missing and damaged parts of a bundle that was split with --parity, as many as it has parity parts. The parts given are only read; what is rebuilt goes into a folder of its own, which is then named with --parts.",
    )
    .argument("<header>", "the .split.json of the bundle")
    .requiredOption("-o, --output <dir>", "folder for the rebuilt parts")
    .addOption(new Option("--parts <dir>", "a further folder with parts; may be repeated").argParser(collectOption))
    .addOption(
      new Option("--key <file>", "public key that the header must be signed by; may be repeated").argParser(
        collectOption,
      ),
    );
  withExamples(command, [
    { command: "slipway bundle repair slipway.tar.split.json -o repaired", means: "what is lost, into ./repaired" },
    { command: "slipway bundle verify slipway.tar.split.json --parts repaired", means: "with what was rebuilt" },
  ]);
  printsJson(command, ["BundleRepairResult"]);
  command.action((header: string, options: RepairOptions) =>
    runtime.perform(command, async (session) => {
      const path = (text: string): string => resolve(session.context.io.cwd, text);
      const result = await session.engine.repairBundle({
        header: path(header),
        partFolders: (options.parts ?? []).map(path),
        keyFiles: (options.key ?? []).map(path),
        output: path(options.output),
      });
      if (session.manner.json) session.printJson(result);
      else session.print(formatBundleRepaired(result, session.style));
      return 0;
    }),
  );
}
