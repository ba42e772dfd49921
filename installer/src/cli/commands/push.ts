import { resolve } from "node:path";
import { Option } from "commander";
import type { Command } from "commander";
import type { PushRequest } from "../../actions/push/push-request.ts";
import { exitStatusOf } from "../../errors/exit-codes.ts";
import { type PathStyle, pathStyles } from "../../oci/path-rules.ts";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import { declareHarborOptions, type HarborFlags, toHarborOptions } from "../harbor-options.ts";
import { toTarget, toValuesSelection } from "../runtime.ts";
import type { Runtime, Session } from "../runtime.ts";
import { formatPush } from "../ui/print-push.ts";
import { absoluteSource } from "./absolute-source.ts";
import { asOption } from "./as-option.ts";
import { type ReadBundleOptions, declareReadOptions, toGivenBundle } from "./bundle-options.ts";
import { collectOption } from "./collect-option.ts";
import { type RegistryFlags, declareRegistryOptions, toRegistryOptions } from "./registry-options.ts";

interface PushOptions extends ReadBundleOptions, RegistryFlags, HarborFlags {
  readonly to: string;
  readonly bundle?: readonly string[];
  readonly from?: readonly string[];
  readonly as?: string;
  readonly image?: readonly string[];
  readonly platform?: string;
  readonly pathStyle: PathStyle;
  readonly dryRun?: boolean;
}

/** `push`: images into a registry. */
export function declarePush(program: Command, runtime: Runtime): void {
  const command = program
    .command("push")
    .summary("push the platform's images to a registry")
    .description(
      "Pushes images to a registry, from a bundle or from where the platform's images are. Each layer is sent once and mounted wherever else it is needed; what is there already is not sent again. An image's tag is set last: a tag stands for a whole image, whatever happens. Interrupted or killed, the same command goes on. Layers of the local engine pass through the cache folder, which needs room for them; from everything else nothing is written to disk.",
    )
    .requiredOption("--to <target>", "host[:port][/project[/prefix]]; on Harbor the project is needed")
    .addOption(
      new Option(
        "--bundle <file>",
        "push from this bundle; of a delta, the bundles it builds on after it; may be repeated",
      ).argParser(collectOption),
    );
  declareReadOptions(command)
    .addOption(
      new Option(
        "--from <source>",
        "without a bundle, where images come from, in order: engine, registry, oci:DIR, or a docker save, OCI, Zarf or Hauler file; may be repeated (default: engine, then registry). One oci:DIR or file alone is pushed whole",
      ).argParser(collectOption),
    )
    .addOption(asOption())
    .addOption(
      new Option("--image <name>", "push only this image; may be repeated (default: all)").argParser(collectOption),
    )
    .option("--platform <list>", "push only these platforms, with commas between them (default: all there are)")
    .addOption(
      new Option(
        "--path-style <style>",
        "how an image is called there: keep its path, put the source's host before it, or flat with - between its parts",
      )
        .choices(pathStyles)
        .default("keep"),
    )
    .option("--dry-run", "show every target reference and what would be sent; send nothing");
  declareRegistryOptions(command);
  declareHarborOptions(command);
  withExamples(command, [
    { command: "slipway push --bundle slipway.tar --to harbor.corp.example/ai-infra", means: "a bundle to Harbor" },
    {
      command: "slipway push --bundle slipway.tar --to registry.corp.example:5000 --dry-run",
      means: "what would be sent",
    },
    {
      command: "slipway push --bundle update.tar --bundle slipway.tar --to harbor.corp.example/ai-infra",
      means: "a delta",
    },
    {
      command: "slipway push --from oci:/srv/app --as corp/app --to harbor.corp.example/ai-infra",
      means: "a layout that has tags and no names",
    },
    { command: "slipway push --to harbor.corp.example/ai-infra --image postgres", means: "one image, from the engine" },
  ]);
  printsJson(command, ["PushResult"]);
  command.action((options: PushOptions) =>
    runtime.perform(command, async (session) => {
      const result = await session.engine.push(toRequest(options, session));
      if (session.manner.json) session.tellJson(result);
      else session.tell(formatPush(result, session.style, nextCommand(options, result.to)));
      if (result.ok) return 0;
      const damaged = result.images.every(({ error }) => error === undefined || error.code === "BUNDLE_INVALID");
      return exitStatusOf(damaged ? "BUNDLE_INVALID" : "REGISTRY_FAILED");
    }),
  );
}

/** An install pulls by the usual names only. */
function nextCommand({ bundle, pathStyle }: PushOptions, to: string): string | undefined {
  if (bundle === undefined || pathStyle !== "keep") return undefined;
  return `slipway install --mode compose ${bundle.map((file) => `--bundle ${file}`).join(" ")} --registry ${to}`;
}

function toRequest(options: PushOptions, session: Session): PushRequest {
  const { selection } = session;
  const { io } = session.context;
  const path = (text: string): string => resolve(io.cwd, text);
  const registry = toRegistryOptions(options, io);
  const given = toGivenBundle(options.bundle ?? [], options, io.cwd);
  const { caFile } = registry;
  return {
    ...toTarget(selection),
    values: toValuesSelection(selection),
    cacheDir: selection.cacheDir,
    to: options.to,
    pathStyle: options.pathStyle,
    ...(options.bundle !== undefined && { bundle: given }),
    from: (options.from ?? []).map((source) => absoluteSource(source, path)),
    ...(options.as !== undefined && { as: options.as }),
    trust: { keyFiles: given.keyFiles, allowUnsigned: given.allowUnsigned },
    // User and password are for the target, and so is plain HTTP.
    sourceRegistries: { plainHttp: false, ...(caFile !== undefined && { caFile }) },
    images: options.image ?? [],
    platforms: options.platform?.split(",") ?? [],
    registry,
    harbor: toHarborOptions(options, io.cwd),
    dryRun: options.dryRun === true,
  };
}
