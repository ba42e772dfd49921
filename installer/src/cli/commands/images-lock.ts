import { resolve } from "node:path";
import { Option } from "commander";
import type { Command } from "commander";
import { UsageError } from "../../errors/installer-error.ts";
import { withExamples } from "../examples.ts";
import { toTarget, toValuesSelection } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";
import { formatLocked } from "../ui/print-images-lock.ts";
import { collectOption } from "./collect-option.ts";

interface LockOptions {
  readonly output?: string;
  readonly check?: string;
  readonly from?: readonly string[];
  readonly platform: string;
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
    .option("--platform <list>", "platforms with commas between them", "linux/amd64");
  withExamples(command, [
    { command: "slipway images lock -o images.lock.yaml", means: "of all profiles, from the engine and registries" },
    { command: "slipway images lock --from oci:/media/usb/layout", means: "of what an OCI layout has" },
    { command: "slipway images lock --check images.lock.yaml", means: "is it still so?" },
  ]);
  command.action((options: LockOptions) =>
    runtime.perform(command, async (session) => {
      const { output, check, from = ["engine", "registry"] } = options;
      if (output !== undefined && check !== undefined) {
        throw new UsageError("--output writes a lock and --check compares with one", { hint: "give one of them" });
      }
      const { cwd } = session.context.io;
      const { profile, ...values } = toValuesSelection(session.selection);
      const result = await session.engine.lockImages({
        ...toTarget(session.selection),
        values,
        from,
        profiles: profile === undefined || profile === "all" ? [] : [profile],
        platforms: options.platform.split(",").map((platform) => platform.trim()),
        cacheDir: session.selection.cacheDir,
        ...(output !== undefined && { output: resolve(cwd, output) }),
        ...(check !== undefined && { check: resolve(cwd, check) }),
      });
      if (session.manner.json) session.printJson(result);
      else session.print(formatLocked(result, session.style));
      return 0;
    }),
  );
}
