import type { Command } from "commander";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import type { Runtime } from "../runtime.ts";
import { formatBundleDiff } from "../ui/print-bundle-diff.ts";
import { declareReadOptions, type ReadBundleOptions, toGivenBundle } from "./bundle-options.ts";

/** `bundle diff`: what changes from one bundle to another. */
export function declareBundleDiff(group: Command, runtime: Runtime): void {
  const command = group
    .command("diff")
    .summary("say what changes from one bundle to another")
    .description(
      "Compares two bundles: images, layers, packages and programs that are added, removed or changed, and how many bytes are new. A delta is completed by the bundle it is compared with, or by --base.",
    )
    .argument("<from>", "the older bundle, or the header or a part of a split one")
    .argument("<to>", "the newer bundle, or a delta");
  declareReadOptions(command);
  withExamples(command, [
    { command: "slipway bundle diff v1.tar v2.tar", means: "what an update brings" },
    { command: "slipway bundle diff v1.tar v2.tar --json", means: "for a program, every package" },
  ]);
  printsJson(command, ["BundleDiffResult"]);
  command.action((from: string, to: string, options: ReadBundleOptions) =>
    runtime.perform(command, async (session) => {
      const { cwd } = session.context.io;
      const {
        paths: [older = from, newer = to, ...bases],
        ...given
      } = toGivenBundle([from, to], options, cwd);
      const result = await session.engine.diffBundle({ ...given, from: older, to: newer, bases });
      if (session.manner.json) session.printJson(result);
      else session.print(formatBundleDiff(result, session.style, session.columns));
      return 0;
    }),
  );
}
