import { Option } from "commander";
import type { Command } from "commander";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import type { Runtime } from "../runtime.ts";
import { formatBundleLoaded } from "../ui/print-bundle-load.ts";
import { declareReadOptions, type ReadBundleOptions, toGivenBundle } from "./bundle-options.ts";
import { collectOption } from "./collect-option.ts";

interface LoadOptions extends ReadBundleOptions {
  readonly to: string;
  readonly image?: readonly string[];
}

/** `bundle load`: the images of a bundle into the local engine. */
export function declareBundleLoad(group: Command, runtime: Runtime): void {
  const command = group
    .command("load")
    .summary("fill the local engine from a bundle")
    .description(
      "Gives the engine those images of a bundle that it lacks, under their own names. It fetches only the layers it does not have; images that are there stay untouched.",
    )
    .argument("<bundle>", "the bundle, or the header of a split one")
    .addOption(new Option("--to <target>", "what is filled").choices(["docker"]).default("docker"))
    .addOption(
      new Option("--image <name>", "only this image, by its name or reference; may be repeated").argParser(
        collectOption,
      ),
    );
  declareReadOptions(command);
  withExamples(command, [
    { command: "slipway bundle load slipway.tar --to docker --key release.pub", means: "everything" },
    { command: "slipway bundle load update.tar --base slipway.tar --image postgres", means: "one image of a delta" },
  ]);
  printsJson(command, ["BundleLoadResult"]);
  command.action((bundle: string, options: LoadOptions) =>
    runtime.perform(command, async (session) => {
      const result = await session.engine.loadBundle({
        bundle: toGivenBundle([bundle], options, session.context.io.cwd),
        images: options.image ?? [],
      });
      if (session.manner.json) session.printJson(result);
      else session.print(formatBundleLoaded(result, session.style));
      return 0;
    }),
  );
}
