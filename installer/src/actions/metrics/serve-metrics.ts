import type { StartHttpServer } from "../../platform/http-server.ts";
import type { ActionPorts, InstallTarget, ResultHead } from "../context.ts";
import { aborted, type Listening, readTls } from "../listening.ts";
import { answerScrape } from "./answer-scrape.ts";
import { type LiveLook, lookLive, type LookPorts } from "./look.ts";
import { metrics, type MetricsResult } from "./metrics.ts";
import { shareLooks } from "./shared-look.ts";

export interface MetricsServeRequest extends InstallTarget, Listening {
  /** Called once, when it can be asked. */
  readonly onListening: (serving: ServingMetrics) => void;
}

export interface ServingMetrics {
  /** What Prometheus is to ask: `http://127.0.0.1:9464/metrics`. */
  readonly url: string;
}

export interface MetricsServeResult extends ResultHead<"MetricsServeResult">, ServingMetrics {
  readonly name: string;
  /** Requests that were answered. */
  readonly requests: number;
  /** Looks at the platform that were made for them. */
  readonly looks: number;
}

export type MetricsServePorts = LookPorts &
  Pick<ActionPorts, "signal" | "report"> & { readonly startHttpServer: StartHttpServer };

/** For so long a look is given again: less than any usual time between two scrapes, and enough that nobody can hammer the engine. */
const freshMs = 5000;
/** Prometheus waits ten seconds for an answer unless told otherwise. */
const patienceMs = 8000;

/**
 * Serves the metrics of an install until the signal is aborted.
 * @throws PreflightError when nothing is installed, or the address cannot be had; UsageError when a TLS file is not there
 */
export async function serveMetrics(
  request: MetricsServeRequest,
  ports: MetricsServePorts,
): Promise<MetricsServeResult> {
  const { signal, report } = ports;
  const tls = await readTls(request, ports.fs);
  let [requests, looks] = [0, 0];
  let lastProblem: string | undefined;
  // One that hangs is waited for again, and no second one is begun beside it.
  const live = shareLooks(() => lookLive(request, ports), ports.clock, 0);
  const look = shareLooks(
    async () => {
      looks += 1;
      const result = await metrics(request, ports, () => inTime(live(), ports));
      // Said once, and not at every scrape until somebody has corrected it.
      if (result.problem !== lastProblem) tellOf(result, report);
      lastProblem = result.problem;
      return result;
    },
    ports.clock,
    freshMs,
  );
  // What is wrong with the records is said before anybody is told to ask here.
  await look();
  const server = await ports.startHttpServer(
    (asked) => {
      requests += 1;
      return answerScrape(asked, look, (error) => {
        if (!signal.aborted) report({ type: "warning", message: messageOf(error) });
      });
    },
    {
      host: request.host,
      port: request.port,
      ...(tls === undefined ? {} : { tls }),
      onError: (error) => report({ type: "debug", message: error.message }),
    },
  );
  try {
    const url = `${server.url}/metrics`;
    request.onListening({ url });
    await aborted(signal);
    return { apiVersion: "slipway/v1", kind: "MetricsServeResult", name: request.name, url, requests, looks };
  } finally {
    await server.close();
  }
}

/** The look, or that there was none in time. */
async function inTime(
  look: Promise<LiveLook>,
  { clock, signal }: Pick<MetricsServePorts, "clock" | "signal">,
): Promise<LiveLook> {
  const decided = new AbortController();
  const late = async (): Promise<LiveLook> => {
    await clock.sleep(patienceMs, AbortSignal.any([signal, decided.signal]));
    return { problem: `it did not answer within ${patienceMs / 1000} seconds` };
  };
  const limit = late();
  // Of a wait that was ended nobody asks how.
  limit.catch(() => undefined);
  try {
    return await Promise.race([look, limit]);
  } finally {
    decided.abort();
  }
}

function tellOf({ problem }: MetricsResult, report: MetricsServePorts["report"]): void {
  if (problem === undefined) report({ type: "note", message: "the platform can be looked at again" });
  else report({ type: "warning", message: `the platform could not be looked at: ${problem}` });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
