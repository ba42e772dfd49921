import { resolve } from "node:path";
import type { Command } from "commander";
import { UsageError } from "../../errors/installer-error.ts";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import type { Runtime, Session } from "../runtime.ts";
import { formatBundleKey } from "../ui/print-bundle.ts";

interface KeygenOptions {
  readonly output: string;
  readonly passphraseFile?: string;
  readonly passphrase: boolean;
}

/** `bundle keygen`: the key pair that bundles are signed and checked with. */
export function declareBundleKeygen(group: Command, runtime: Runtime): void {
  const command = group
    .command("keygen")
    .summary("make the key pair that bundles are signed with")
    .description(
      "Makes NAME.key, which signs and stays with you, and NAME.pub, which you give to those who receive bundles, by another way than the bundle. Both are in the form of minisign, which can check and sign with them too. The passphrase is asked for, or read from a file.",
    )
    .requiredOption("-o, --output <name>", "path without ending: NAME.key and NAME.pub are made")
    .option("--passphrase-file <file>", "file with the passphrase in its first line")
    .option("--no-passphrase", "do not protect the secret key: whoever can read it can sign");
  withExamples(command, [
    { command: "slipway bundle keygen -o release", means: "release.key and release.pub" },
    { command: "slipway bundle keygen -o release --passphrase-file pass.txt", means: "without a question" },
  ]);
  printsJson(command, ["BundleKeygenResult"]);
  command.action((options: KeygenOptions) =>
    runtime.perform(command, async (session) => {
      const path = (text: string): string => resolve(session.context.io.cwd, text);
      const passphrase = await askPassphrase(options, session);
      const result = await session.engine.generateBundleKey({
        output: path(options.output),
        ...(options.passphraseFile !== undefined && { passphraseFile: path(options.passphraseFile) }),
        ...(passphrase !== undefined && { passphrase }),
      });
      if (session.manner.json) session.printJson(result);
      else session.print(formatBundleKey(result, session.style));
      return 0;
    }),
  );
}

/** @throws UsageError where nobody can be asked: a key without passphrase is only made when that was said */
async function askPassphrase(options: KeygenOptions, session: Session): Promise<string | undefined> {
  if (options.passphraseFile !== undefined || !options.passphrase) return undefined;
  const { secret } = session.prompts;
  if (secret !== undefined) return secret("passphrase of the new key\nEmpty leaves the key unprotected.", "new");
  throw new UsageError("the new key needs a passphrase, and standard input is no terminal to ask on", {
    hint: "give it with --passphrase-file FILE; --no-passphrase leaves the key unprotected",
  });
}
