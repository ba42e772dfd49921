import { Option } from "commander";
import type { Command } from "commander";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import { parseCount } from "../parse-arguments.ts";
import { toTarget, toValuesSelection } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";
import { declareLock } from "./images-lock.ts";
import { formatBuilt, formatImages } from "../ui/print-images.ts";

/** `images list`, `images build` and `images lock`. */
export function declareImages(program: Command, runtime: Runtime): void {
  const group = program
    .command("images")
    .summary("list, build and lock the platform's images")
    .description(
      "Commands about the images the platform runs: which there are, which are present, building our own, and writing all of them down by digest.",
    );
  withExamples(group, [{ command: "slipway images build", means: "build what is missing" }]);
  declareList(group, runtime);
  declareBuild(group, runtime);
  declareLock(group, runtime);
}

function declareList(group: Command, runtime: Runtime): void {
  const command = group
    .command("list")
    .summary("list images and whether they are present")
    .description("Lists every image of the catalogue with its source, its tag and whether the engine has it.");
  withExamples(command, [
    { command: "slipway images list", means: "a table" },
    { command: "slipway images list --json", means: "for a program" },
  ]);
  printsJson(command, ["ImagesListResult"]);
  command.action(() =>
    runtime.perform(command, async (session) => {
      const result = await session.engine.listImages({
        ...toTarget(session.selection),
        values: toValuesSelection(session.selection),
      });
      if (session.manner.json) session.printJson(result);
      else session.print(formatImages(result, session.style));
      return 0;
    }),
  );
}

function declareBuild(group: Command, runtime: Runtime): void {
  const command = group
    .command("build")
    .summary("build the images that are missing or out of date")
    .description(
      "Builds the named images, or all that are missing. An image whose inputs did not change is not built again.",
    )
    .argument("[name...]", "images, for example minio gitaly")
    .addOption(new Option("--jobs <n>", "images built at the same time").argParser(parseCount));
  withExamples(command, [
    { command: "slipway images build", means: "everything that is missing" },
    { command: "slipway images build minio gitaly --jobs 2", means: "two of them, side by side" },
  ]);
  printsJson(command, ["ImagesBuildResult"]);
  command.action((names: readonly string[], options: { readonly jobs?: number }) =>
    runtime.perform(command, async (session) => {
      const result = await session.engine.buildImages({
        names,
        cacheDir: session.selection.cacheDir,
        ...(options.jobs !== undefined && { jobs: options.jobs }),
      });
      if (session.manner.json) session.printJson(result);
      else session.print(formatBuilt(result, session.style));
      return 0;
    }),
  );
}
