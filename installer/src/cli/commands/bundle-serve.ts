import { Option } from "commander";
import type { Command } from "commander";
import type { Serving } from "../../actions/bundle/bundle-serve.ts";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import type { Runtime, Session } from "../runtime.ts";
import { declareReadOptions, type ReadBundleOptions, toGivenBundle } from "./bundle-options.ts";
import { type Listen, parseListen, type TlsOptions, toTls } from "./listen-options.ts";

interface ServeOptions extends ReadBundleOptions, TlsOptions {
  readonly listen: Listen;
}

/** `bundle serve`: a registry straight from the file. */
export function declareBundleServe(group: Command, runtime: Runtime): void {
  const command = group
    .command("serve")
    .summary("serve a bundle as a read-only registry")
    .description(
      "Serves the images of a bundle by the OCI distribution protocol, straight from the file, until Ctrl-C. Nothing is unpacked and nothing can be pushed; every blob is checked while it is sent.",
    )
    .argument("<bundle>", "the bundle, or the header of a split one")
    .addOption(
      new Option("--listen <address>", "address and port; port 0 takes a free one")
        .argParser(parseListen)
        .default({ host: "127.0.0.1", port: 5000 }, "127.0.0.1:5000"),
    )
    .option("--tls-cert <file>", "certificate chain to serve by TLS, PEM")
    .option("--tls-key <file>", "its key, PEM");
  declareReadOptions(command);
  withExamples(command, [
    { command: "slipway bundle serve slipway.tar --key release.pub", means: "for clients on this machine" },
    {
      command: "slipway bundle serve slipway.tar --listen 0.0.0.0:5000 --tls-cert c.pem --tls-key k.pem",
      means: "for a network",
    },
  ]);
  printsJson(command, ["BundleServing", "BundleServeResult"]);
  command.action((bundle: string, options: ServeOptions) =>
    runtime.perform(command, async (session) => {
      const { cwd } = session.context.io;
      const { host, port } = options.listen;
      const tls = toTls(options, cwd);
      const result = await session.engine.serveBundle({
        bundle: toGivenBundle([bundle], options, cwd),
        host,
        port,
        ...(tls !== undefined && { tls }),
        onListening: (serving) => printServing(serving, session),
      });
      if (session.manner.json) session.printJsonLine(result);
      else session.print(`${result.requests} requests answered`);
      return 0;
    }),
  );
}

function printServing(serving: Serving, session: Session): void {
  if (session.manner.json) {
    session.printJsonLine({ apiVersion: "slipway/v1", kind: "BundleServing", ...serving });
    return;
  }
  const images = serving.images.map((image) => `  ${image}`);
  session.print(
    [`serving ${serving.images.length} images at ${session.style.bold(serving.url)}`, ...images].join("\n"),
  );
}
