import type { Command } from "commander";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import type { Runtime } from "../runtime.ts";
import { formatBundle } from "../ui/print-bundle.ts";
import { declareReadOptions, type ReadBundleOptions, toGivenBundle } from "./bundle-options.ts";

/** `bundle inspect`: what is in it. */
export function declareBundleInspect(group: Command, runtime: Runtime): void {
  const command = group
    .command("inspect")
    .summary("say what is in a bundle and who signed it")
    .description(
      "Says what is in a bundle: name, version, platforms, images with sizes and digests, programs, and who signed it. It looks into bundles that nobody trusted vouches for too, and says so.",
    )
    .argument("<bundle...>", "the bundle, or the header or a part of a split one; of a delta its bases may follow");
  declareReadOptions(command);
  withExamples(command, [
    { command: "slipway bundle inspect slipway.tar", means: "a table" },
    { command: "slipway bundle inspect slipway.tar --json", means: "for a program" },
  ]);
  printsJson(command, ["BundleInspectResult"]);
  command.action((bundles: readonly string[], options: ReadBundleOptions) =>
    runtime.perform(command, async (session) => {
      const { paths, keyFiles, partFolders = [] } = toGivenBundle(bundles, options, session.context.io.cwd);
      const result = await session.engine.inspectBundle({ paths, keyFiles, partFolders });
      if (session.manner.json) session.printJson(result);
      else session.print(formatBundle(result, session.style, session.columns));
      return 0;
    }),
  );
}
