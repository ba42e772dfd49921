import type { Command } from "commander";
import { exitStatusOf } from "../../errors/exit-codes.ts";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import type { Runtime } from "../runtime.ts";
import { formatBundleVerified } from "../ui/print-bundle.ts";
import { declareReadOptions, type ReadBundleOptions, toGivenBundle } from "./bundle-options.ts";

/** `bundle verify`: every byte of it. */
export function declareBundleVerify(group: Command, runtime: Runtime): void {
  const command = group
    .command("verify")
    .summary("check signature, structure and every byte of a bundle")
    .description(
      "Checks the signature against the keys that are trusted, that nothing is in the bundle which it does not list, and the digest of everything in it, on all processors. What is damaged is listed with the images it belongs to and the part it lies in. Exit 8 when something is wrong; nothing is changed.",
    )
    .argument("<bundle...>", "the bundle, or the header or a part of a split one; of a delta its bases after it");
  declareReadOptions(command);
  withExamples(command, [
    { command: "slipway bundle verify slipway.tar --key release.pub", means: "one file" },
    { command: "slipway bundle verify slipway.tar.split.json --parts /media/usb2", means: "parts on two media" },
    { command: "slipway bundle verify update.tar slipway.tar", means: "a delta and what it builds on" },
  ]);
  printsJson(command, ["BundleVerifyResult"]);
  command.action((bundles: readonly string[], options: ReadBundleOptions) =>
    runtime.perform(command, async (session) => {
      const { partFolders = [], ...given } = toGivenBundle(bundles, options, session.context.io.cwd);
      const result = await session.engine.verifyBundle({ ...given, partFolders });
      if (session.manner.json) session.tellJson(result);
      else session.tell(formatBundleVerified(result, session.style));
      return result.ok ? 0 : exitStatusOf("BUNDLE_INVALID");
    }),
  );
}
