import type { Command } from "commander";
import type { ServingMetrics } from "../../actions/metrics/serve-metrics.ts";
import { UsageError } from "../../errors/installer-error.ts";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import { toTarget } from "../runtime.ts";
import type { Runtime, Session } from "../runtime.ts";
import { isLoopback, type Listen, parseListen, type TlsOptions, toTls } from "./listen-options.ts";

interface MetricsOptions extends TlsOptions {
  readonly listen?: Listen;
  readonly plainHttp?: boolean;
  readonly rules?: boolean;
}

/** `metrics`: what the platform knows about itself, for Prometheus. */
export function declareMetrics(program: Command, runtime: Runtime): void {
  const command = program
    .command("metrics")
    .summary("show or serve metrics and alert rules for Prometheus")
    .description(
      "Prints what the platform knows about itself in the text format of Prometheus: health of components, changes, drift, backups and what would be lost, certificates, disks. With --listen it serves that at /metrics until Ctrl-C, to this machine alone unless another address is given. With --rules it prints alert rules as a file that Prometheus loads. There is no secret in any of it. Where what the platform runs on does not answer, slipway_look_ok is 0 and only what the records say is told; the exit status is 0 all the same.",
    )
    .option(
      "--listen <address>",
      "serve them at /metrics of this address and port; port 0 takes a free one",
      parseListen,
    )
    .option("--tls-cert <file>", "certificate chain to serve by TLS, PEM")
    .option("--tls-key <file>", "its key, PEM")
    .option("--plain-http", "serve without TLS to other machines, too: everybody on the way can read along")
    .option("--rules", "print alert rules in place of metrics");
  withExamples(command, [
    { command: "slipway metrics", means: "once, for a look or the text file collector of a node exporter" },
    { command: "slipway metrics --listen 127.0.0.1:9464", means: "for a Prometheus on this machine" },
    {
      command: "slipway metrics --listen 0.0.0.0:9464 --tls-cert c.pem --tls-key k.pem",
      means: "for one elsewhere",
    },
    { command: "slipway metrics --rules > slipway.rules.yaml", means: "alerts, for rule_files of Prometheus" },
  ]);
  printsJson(command, ["MetricsResult", "MetricsServing", "MetricsServeResult", "AlertRulesResult"]);
  command.action((options: MetricsOptions) =>
    runtime.perform(command, async (session) => {
      const { listen } = options;
      if (options.rules === true) await printRules(session, options);
      else if (listen === undefined) await printOnce(session, options);
      else await serve(session, listen, options);
      return 0;
    }),
  );
}

async function printRules(session: Session, { listen }: MetricsOptions): Promise<void> {
  if (listen !== undefined) throw new UsageError("--rules prints, and serves nothing", { hint: "leave out --listen" });
  const { alertRules: rules } = await import("../../actions/metrics/alert-rules.ts");
  if (session.manner.json) {
    session.printJson({ apiVersion: "slipway/v1", kind: "AlertRulesResult", rules });
    return;
  }
  const { renderRuleFile } = await import("../../actions/metrics/rule-file.ts");
  session.print(renderRuleFile(rules).trimEnd());
}

async function printOnce(session: Session, { tlsCert, tlsKey, plainHttp }: MetricsOptions): Promise<void> {
  if (tlsCert !== undefined || tlsKey !== undefined || plainHttp === true) {
    throw new UsageError("there is no --listen that this is for", { hint: "add --listen 127.0.0.1:9464" });
  }
  const result = await session.engine.metrics(toTarget(session.selection));
  if (result.problem !== undefined) {
    const message = `the platform could not be looked at: ${result.problem}`;
    session.report({ type: "warning", message, hint: "this is what the records say; slipway doctor says more" });
  }
  if (session.manner.json) {
    session.printJson(result);
    return;
  }
  const { renderExposition } = await import("../../actions/metrics/exposition.ts");
  session.print(renderExposition(result.samples).trimEnd());
}

async function serve(session: Session, listen: Listen, options: MetricsOptions): Promise<void> {
  const tls = toTls(options, session.context.io.cwd);
  if (tls === undefined && options.plainHttp !== true && !isLoopback(listen)) {
    throw new UsageError(`${listen.host} is reached by other machines, and everybody on the way could read along`, {
      hint: "give --tls-cert and --tls-key, or --plain-http where that does not matter",
    });
  }
  const result = await session.engine.serveMetrics({
    ...toTarget(session.selection),
    ...listen,
    ...(tls !== undefined && { tls }),
    onListening: (serving) => printServing(serving, session),
  });
  if (session.manner.json) session.printJsonLine(result);
  else session.print(`${result.requests} requests answered, ${result.looks} looks at the platform`);
}

function printServing(serving: ServingMetrics, session: Session): void {
  if (session.manner.json) session.printJsonLine({ apiVersion: "slipway/v1", kind: "MetricsServing", ...serving });
  else session.print(`serving metrics at ${session.style.bold(serving.url)}`);
}
