import type { Cluster, ContainerRef, PodLogOptions } from "../cluster-ports.ts";
import { UsageError } from "../../errors/installer-error.ts";
import { lineSplitter } from "../line-splitter.ts";
import type { ApiConnection } from "./api-connection.ts";
import { explainConnectionError } from "./cluster-errors.ts";
import { query } from "./kinds.ts";

/** Calls about what containers print. */
export function logCalls(connection: ApiConnection): Pick<Cluster, "logs" | "readLogs" | "followLogs"> {
  const readLines = async (request: ReturnType<typeof requestFor>, { signal, onLine }: Reader): Promise<void> => {
    const answer = await connection.stream({ ...request, signal });
    const lines = lineSplitter(onLine);
    for await (const chunk of answer) lines.push(chunk as Buffer);
    lines.end();
  };
  return {
    logs: async (container, options) => {
      const whole = await connection.text(requestFor(container, options));
      const lines = whole.split("\n").map((line) => line.replace(/\r$/, ""));
      return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
    },
    readLogs: async (container, { signal, onLine, ...options }) => {
      try {
        await readLines(requestFor(container, options), { signal, onLine });
      } catch (error) {
        throw explainConnectionError(error, connection.access());
      }
    },
    followLogs: async (container, { signal, onLine, ...options }) => {
      const isOver = (): boolean => signal.aborted;
      if (isOver()) return;
      try {
        await readLines(requestFor(container, options, true), { signal, onLine });
      } catch (error) {
        if (!isOver()) throw explainConnectionError(error, connection.access());
      }
    },
  };
}

interface Reader {
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
}

function requestFor({ namespace, pod, container }: ContainerRef, options: PodLogOptions, follow?: true) {
  const { tail, since, previous } = options;
  const parameters = {
    ...{ container, follow, previous: previous === true ? true : undefined },
    ...{ tailLines: tail < 0 ? undefined : tail },
    ...(since === undefined ? {} : beginning(since)),
  };
  return {
    what: `to read the log of ${namespace}/${pod} (${container})`,
    method: "GET",
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log${query(parameters)}`,
    accept: "*/*",
  } as const;
}

const seconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `10m`, `1h30m`, or a time. */
function beginning(since: string): { readonly sinceSeconds: number } | { readonly sinceTime: string } {
  if (/^(\d+[smhd])+$/.test(since)) {
    const parts = [...since.matchAll(/(\d+)([smhd])/g)];
    return {
      sinceSeconds: parts.reduce((sum, [, count, unit]) => sum + Number(count) * (seconds[unit ?? ""] ?? 0), 0),
    };
  }
  const time = new Date(since);
  if (Number.isNaN(time.getTime())) {
    throw new UsageError(`${since} is neither a duration nor a time`, {
      hint: "write it like 10m or 2026-11-21T10:00:00Z",
    });
  }
  return { sinceTime: time.toISOString() };
}
