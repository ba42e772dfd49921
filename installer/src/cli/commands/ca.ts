import { resolve } from "node:path";
import type { Command } from "commander";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import { toTarget } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";

/** `ca export`: the certificate of the install's own authority. */
export function declareCa(program: Command, runtime: Runtime): void {
  const group = program
    .command("ca")
    .summary("the install's own certificate authority")
    .description("Commands about the certificate authority that Slipway makes for tls.mode self-signed.");
  withExamples(group, [
    { command: "slipway ca export --out slipway-ca.crt", means: "the certificate browsers have to trust" },
  ]);
  const command = group
    .command("export")
    .summary("hand out the authority's certificate")
    .description("Prints the authority's certificate, or writes it to a file. The private key is never handed out.")
    .option("--out <file>", "file to write; without it the certificate is printed");
  withExamples(command, [
    { command: "slipway ca export", means: "PEM on standard output" },
    {
      command: "slipway ca export --out /usr/local/share/ca-certificates/slipway.crt",
      means: "then run update-ca-certificates",
    },
  ]);
  printsJson(command, ["CaExportResult"]);
  command.action((options: { readonly out?: string }) =>
    runtime.perform(command, async (session) => {
      const result = await session.engine.exportCa({
        ...toTarget(session.selection),
        ...(options.out !== undefined && { out: resolve(session.context.io.cwd, options.out) }),
      });
      if (session.manner.json) session.printJson(result);
      else if (result.out === undefined) session.print(result.certificate.trimEnd());
      else session.print(`wrote ${result.out}\nfingerprint ${result.fingerprint}\nvalid until ${result.expires}`);
      return 0;
    }),
  );
}
