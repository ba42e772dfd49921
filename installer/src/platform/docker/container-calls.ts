import type { IncomingMessage } from "node:http";
import type Dockerode from "dockerode";
import type { ContainerState, Docker } from "../ports.ts";
import type { CallWatch } from "./call-watch.ts";
import { type ContainerDetails, type ContainerSummary, fromDetails, fromSummary } from "./engine-answers.ts";
import type { EngineConnection } from "./engine-connection.ts";
import { unless } from "./engine-errors.ts";
import type { EngineLibrary } from "./engine-library.ts";
import { readFramedLines, readJsonLines } from "./engine-streams.ts";
import { labelFilter, projectLabel } from "./label-filter.ts";
import { get } from "./raw-calls.ts";

type ContainerCalls = Pick<
  Docker,
  | "containers"
  | "containersLabelled"
  | "inspect"
  | "start"
  | "stop"
  | "restart"
  | "kill"
  | "exec"
  | "removeContainer"
  | "wait"
  | "logs"
  | "readLogs"
  | "followLogs"
  | "watch"
>;

/** The engine's calls about containers. */
export function containerCalls(connection: EngineConnection): ContainerCalls {
  const list = (labels: Readonly<Record<string, string>>): Promise<readonly ContainerState[]> =>
    connection.call({ what: "to list containers", kind: "question" }, async (docker, { signal }) => {
      const found = await docker.listContainers({ all: true, filters: labelFilter(labels), abortSignal: signal });
      return (found as readonly unknown[] as readonly ContainerSummary[])
        .map(fromSummary)
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    });
  return {
    containers: (project) => list({ [projectLabel]: project }),
    containersLabelled: list,
    inspect: (id) =>
      connection.call({ what: `to inspect container ${id}`, kind: "question" }, async (docker, { signal }) =>
        fromDetails((await docker.getContainer(id).inspect({ abortSignal: signal })) as unknown as ContainerDetails),
      ),
    ...changes(connection),
    exec: (id, command) => execIn(connection, id, command),
    wait: (id, signal) =>
      connection.call({ what: `to wait for container ${id}`, kind: "stream", signal }, async (docker, watch) => {
        const ended: unknown = await docker.getContainer(id).wait({ abortSignal: watch.signal });
        return (ended as { readonly StatusCode: number }).StatusCode;
      }),
    ...logCalls(connection),
    watch: (project, onChange, signal) => watchProject(connection, project, onChange, signal),
  };
}

/** Changes of one container; one that is already as wanted is not an error. */
function changes(
  connection: EngineConnection,
): Pick<Docker, "start" | "stop" | "restart" | "kill" | "removeContainer"> {
  const change = (
    verb: string,
    id: string,
    run: (container: Dockerode.Container, options: { readonly abortSignal: AbortSignal }) => Promise<unknown>,
    { fine, extraMs = 0 }: { readonly fine: readonly number[]; readonly extraMs?: number },
  ): Promise<void> =>
    unless(
      fine,
      connection.call({ what: `to ${verb} container ${id}`, kind: "change", extraMs }, async (docker, { signal }) => {
        await run(docker.getContainer(id), { abortSignal: signal });
      }),
    );
  return {
    start: (id) => change("start", id, (container, options) => container.start(options), { fine: [304] }),
    stop: (id, seconds) =>
      change("stop", id, (container, options) => container.stop({ t: seconds, ...options }), {
        fine: [304],
        extraMs: seconds * 1000,
      }),
    restart: (id, seconds) =>
      change("restart", id, (container, options) => container.restart({ t: seconds, ...options }), {
        fine: [],
        extraMs: seconds * 1000,
      }),
    kill: (id) => change("kill", id, (container, options) => container.kill(options), { fine: [404, 409] }),
    removeContainer: (id) =>
      change("remove", id, (container, options) => container.remove({ force: true, v: true, ...options }), {
        fine: [404],
      }),
  };
}

async function execIn(
  connection: EngineConnection,
  id: string,
  command: readonly string[],
): Promise<{ readonly exitCode: number; readonly lines: readonly string[] }> {
  const what = `to run ${command[0] ?? "nothing"} in container ${id}`;
  return connection.call({ what, kind: "question" }, async (docker, { signal }) => {
    const options = { Cmd: [...command], AttachStdout: true, AttachStderr: true, abortSignal: signal };
    const exec = await docker.getContainer(id).exec(options);
    const lines: string[] = [];
    await readFramedLines(await exec.start({ abortSignal: signal }), (line, from) => {
      if (from === "stdout") lines.push(line);
    });
    const { ExitCode } = await exec.inspect({ abortSignal: signal });
    // It has one once its output has ended.
    return { exitCode: ExitCode ?? -1, lines };
  });
}

function logCalls(connection: EngineConnection): Pick<Docker, "logs" | "readLogs" | "followLogs"> {
  const open = (docker: EngineLibrary, id: string, options: LogOptions): Promise<NodeJS.ReadableStream | Buffer> =>
    docker.getContainer(id).logs(options as Dockerode.ContainerLogsOptions & { follow: true });
  return {
    logs: (id, options) =>
      connection.call({ what: `to read the log of ${id}`, kind: "question" }, async (docker, { signal }) => {
        const lines: string[] = [];
        const whole = await open(docker, id, { ...logOptions(options), follow: false, abortSignal: signal });
        await readFramedLines([whole as Buffer], (line) => lines.push(line));
        return lines;
      }),
    readLogs: (id, { signal, onLine, ...options }) =>
      connection.call({ what: `to read the log of ${id}`, kind: "stream", signal }, async (docker, watch) => {
        const { stdout, stderr, tail, since } = logOptions(options);
        const lines = { stdout: String(stdout), stderr: String(stderr), tail: String(tail) };
        const query = since === undefined ? lines : { ...lines, since };
        const path = `/containers/${id}/logs`;
        // The library would read the whole log before it hands any of it over.
        const stream = await get(docker, { path, query, signal: watch.signal, accept: [200] });
        await readFramedLines(stream, (line) => {
          watch.heard();
          onLine(line);
        });
      }),
    followLogs: async (id, options) => {
      const call = { what: `to follow the log of ${id}`, kind: "stream", signal: options.signal } as const;
      try {
        await connection.call(call, async (docker, watch) => {
          const stream = await open(docker, id, { ...logOptions(options), follow: true, abortSignal: watch.signal });
          await readFramedLines(stream as NodeJS.ReadableStream, (line) => {
            watch.heard();
            options.onLine(line);
          });
        });
      } catch (error) {
        if (!options.signal.aborted) throw error;
      }
    },
  };
}

interface LogOptions {
  readonly stdout: true;
  readonly stderr: true;
  readonly tail: number | "all";
  readonly since?: string;
  readonly follow: boolean;
  readonly abortSignal: AbortSignal;
}

function logOptions(options: {
  readonly tail: number;
  readonly since?: string;
}): Omit<LogOptions, "follow" | "abortSignal"> {
  return {
    stdout: true,
    stderr: true,
    tail: options.tail < 0 ? "all" : options.tail,
    ...(options.since === undefined ? {} : { since: sinceSeconds(options.since) }),
  };
}

/** Docker's notation (`10m`, `2h30m`, a date) as seconds since the epoch, which is all the API reads. */
function sinceSeconds(since: string): string {
  const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
  if (/^(\d+[smhd])+$/.test(since)) {
    const ago = [...since.matchAll(/(\d+)([smhd])/g)].reduce(
      (sum, [, count, unit]) => sum + Number(count) * (units[unit ?? "s"] ?? 1),
      0,
    );
    return String(Math.floor(Date.now() / 1000) - ago);
  }
  const parsed = Date.parse(since);
  return Number.isNaN(parsed) ? since : String(Math.floor(parsed / 1000));
}

/** Without what every health check tells of itself: three events each, many times a second while all start. */
const changesOfState = [
  ...["create", "start", "restart", "die", "stop", "kill", "oom", "pause", "unpause", "destroy", "rename", "update"],
  "health_status",
];

async function watchProject(
  connection: EngineConnection,
  project: string,
  onChange: (containerId: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const subscribe = (docker: EngineLibrary, watch: CallWatch): Promise<IncomingMessage> =>
    docker.getEvents({
      filters: { type: ["container"], event: [...changesOfState], ...labelFilter({ [projectLabel]: project }) },
      abortSignal: watch.signal,
    });
  const stream = await connection.open({ what: "for its events", kind: "stream", signal }, subscribe);
  // A broken stream is not a failure: the caller also looks by itself from time to time.
  readJsonLines(stream, (event) => onChange((event as { Actor?: { ID?: string } }).Actor?.ID ?? "")).catch(
    () => undefined,
  );
}
