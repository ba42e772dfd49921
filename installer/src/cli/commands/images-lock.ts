import { resolve } from "node:path";
import { Option } from "commander";
import type { Command } from "commander";
import type { ImagesLockRequest } from "../../actions/images/images-lock.ts";
import { UsageError } from "../../errors/installer-error.ts";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import { toTarget, toValuesSelection } from "../runtime.ts";
import type { Runtime, Session } from "../runtime.ts";
import { formatLocked } from "../ui/print-images-lock.ts";
import { absoluteSource } from "./absolute-source.ts";
import { asOption } from "./as-option.ts";
import { collectOption } from "./collect-option.ts";

interface LockOptions {
  readonly output?: string;
  readonly check?: string;
  readonly from?: readonly string[];
  readonly as?: string;
  readonly platform: string;
  readonly key?: readonly string[];
  readonly allowUnsigned?: boolean;
  readonly plainHttp?: boolean;
  readonly caFile?: string;
}

/** `images lock`. */
export function declareLock(group: Command, runtime: Runtime): void {
  const command = group
    .command("lock")
    .summary("write down every image by digest")
    .description(
      "Resolves every image that any profile, mode or job can use to its digests, with size, source, licence and the reason it is there, and prints them as YAML or writes them into a file. Only the profile given with --profile, when there is one.",
    )
    .option("-o, --output <file>", "the file to write, for example images.lock.yaml")
    .option("--check <file>", "write nothing; exit with 14 when this lock is not what is there now")
    .addOption(
      new Option(
        "--from <source>",
        "where images are looked up, in order: engine, registry, oci:DIR, or a bundle or archive; may be given more than once (default: engine, then registry)",
      ).argParser(collectOption),
    )
    .addOption(asOption())
    .option("--platform <list>", "platforms with commas between them", "linux/amd64")
    .addOption(
      new Option("--key <file>", "public key that bundles read here must be signed by; may be repeated").argParser(
        collectOption,
      ),
    )
    .option("--allow-unsigned", "read bundles here without checking who made them")
    .option("--plain-http", "speak plain HTTP to registries")
    .option("--ca-file <file>", "further certificate authorities for registries, PEM");
  withExamples(command, [
    { command: "slipway images lock -o images.lock.yaml", means: "of all profiles, from the engine and registries" },
    { command: "slipway images lock --from oci:/media/usb/layout", means: "of what an OCI layout has" },
    { command: "slipway images lock --check images.lock.yaml", means: "is it still so?" },
  ]);
  printsJson(command, ["ImagesLockResult"]);
  command.action((options: LockOptions) =>
    runtime.perform(command, async (session) => {
      const { output, check } = options;
      if (output !== undefined && check !== undefined) {
        throw new UsageError("--output writes a lock and --check compares with one", { hint: "give one of them" });
      }
      const result = await session.engine.lockImages(toRequest(options, session));
      if (session.manner.json) session.printJson(result);
      else session.print(formatLocked(result, session.style));
      return 0;
    }),
  );
}

function toRequest(options: LockOptions, session: Session): ImagesLockRequest {
  const { output, check, caFile } = options;
  const path = (text: string): string => resolve(session.context.io.cwd, text);
  const { profile, ...values } = toValuesSelection(session.selection);
  return {
    ...toTarget(session.selection),
    values,
    from: (options.from ?? []).map((source) => absoluteSource(source, path)),
    ...(options.as !== undefined && { as: options.as }),
    profiles: profile === undefined || profile === "all" ? [] : [profile],
    platforms: options.platform.split(","),
    cacheDir: session.selection.cacheDir,
    registries: { plainHttp: options.plainHttp === true, ...(caFile !== undefined && { caFile: path(caFile) }) },
    keyFiles: (options.key ?? []).map(path),
    allowUnsigned: options.allowUnsigned === true,
    ...(output !== undefined && { output: path(output) }),
    ...(check !== undefined && { check: path(check) }),
  };
}
