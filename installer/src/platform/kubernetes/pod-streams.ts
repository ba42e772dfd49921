import type { Cluster, ContainerRef, ProgramStreams } from "../cluster-ports.ts";
import { PreflightError } from "../../errors/installer-error.ts";
import type { ApiConnection } from "./api-connection.ts";
import { type ChannelEnd, runChannels } from "./channels.ts";
import { ClusterRefusal, readStatus } from "./cluster-errors.ts";

/** Calls that connect to what runs in a container. */
export function streamCalls(connection: ApiConnection): Pick<Cluster, "exec" | "attach"> {
  return {
    exec: async (container, command, streams, signal) => {
      const what = `to run ${command[0] ?? "nothing"} in ${describe(container)}`;
      const path = pathOf(container, "exec", streams, command);
      const end = await runChannels(connection, { what, path, streams, signal });
      return exitCode(end, what);
    },
    attach: async (container, streams, signal) => {
      const what = `to connect to ${describe(container)}`;
      const end = await runChannels(connection, { what, path: pathOf(container, "attach", streams), streams, signal });
      // However the program ended: its own status is the pod's to tell.
      if (end !== undefined) exitCode(end, what);
    },
  };
}

function describe({ namespace, pod, container }: ContainerRef): string {
  return `${namespace}/${pod} (${container})`;
}

function pathOf(
  { namespace, pod, container }: ContainerRef,
  part: "exec" | "attach",
  { input, terminal }: ProgramStreams,
  command: readonly string[] = [],
): string {
  const parameters = new URLSearchParams({
    container,
    stdin: String(input !== undefined),
    stdout: "true",
    // A terminal has one output.
    stderr: String(!terminal),
    tty: String(terminal),
  });
  for (const word of command) parameters.append("command", word);
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/${part}?${parameters.toString()}`;
}

interface EndStatus {
  readonly status?: string;
  readonly message?: string;
  readonly details?: { readonly causes?: readonly { readonly reason?: string; readonly message?: string }[] };
}

/** The kubelet tells the exit status as one of the causes of a failure. */
function exitCode(end: ChannelEnd, what: string): number {
  if (end === undefined) {
    throw new PreflightError(`the connection broke off before the program had ended: it was asked ${what}`, {
      hint: "the pod may have been removed, or its node lost",
    });
  }
  const { status, details } = JSON.parse(end) as EndStatus;
  if (status === "Success") return 0;
  const code = details?.causes?.find(({ reason }) => reason === "ExitCode")?.message;
  if (code !== undefined) return Number(code);
  throw new ClusterRefusal(what, 500, readStatus(500, end));
}
