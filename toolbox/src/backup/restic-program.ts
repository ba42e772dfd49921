import { setTimeout as delay } from "node:timers/promises";
import type { ToolboxError } from "../errors.ts";
import { isTriedInVain, type ResticLock, lockedError, resticError, resticExit, tiredAfter } from "./restic-errors.ts";
import { parseMessage, problemIn, type ResticMessage } from "./restic-messages.ts";
import type { ResticPlace } from "./restic-repository.ts";
import { lineSplitter, runProgram } from "./run-program.ts";

export interface ResticSettings {
  readonly place: ResticPlace;
  readonly passwordFile: string;
  readonly cacheFolder?: string;
  readonly temporary: string;
  readonly deadHosts?: readonly string[];
  /** Removes one lock, by what restic calls it. */
  readonly removeLock: (id: string) => Promise<void>;
  /** Seconds that another run which holds the repository is waited for; none unless told. */
  readonly lockSeconds?: number;
  /** Seconds after which a request that nothing comes of is made anew; restic's own five minutes unless told. */
  readonly stuckSeconds?: number;
  /** Seconds for which restic tries again what a server does not do, before it is ended; its own quarter of an hour unless told. */
  readonly retrySeconds?: number;
  readonly log: (line: string) => void;
}

export interface ResticEnd {
  readonly code: number | string;
  /** The standard output, unless its messages were taken as they came. */
  readonly output: Buffer;
  readonly summary: ResticMessage | undefined;
  readonly problems: readonly string[];
}

interface RunOptions {
  /** Takes messages of a command that tells how far it is; they are not in the output. */
  readonly onMessage?: (message: ResticMessage) => void;
  /** Another password than the repository's. */
  readonly passwordFile?: string;
}

/** The program `restic` on one repository. Locks of dead runs that are in the way are removed, and the command goes on where no other is. */
export interface ResticProgram extends Pick<ResticPlace, "shown" | "isElsewhere"> {
  /** How a command ended. */
  end(args: readonly string[], options?: RunOptions): Promise<ResticEnd>;
  /** The output of a command that has to end well. */
  run(doing: string, args: readonly string[]): Promise<Buffer>;
  failure(doing: string, end: ResticEnd): ToolboxError;
  /** Removes the locks of these hosts, all of which are dead, and no lock of anybody who lives. */
  removeLocksOf(hosts: readonly string[]): Promise<void>;
}

export function resticProgram(settings: ResticSettings): ResticProgram {
  const failure = (doing: string, { code, problems }: ResticEnd): ToolboxError =>
    resticError({ doing, path: settings.place.shown, code, problems, isElsewhere: settings.place.isElsewhere });
  const end = async (args: readonly string[], options: RunOptions = {}): Promise<ResticEnd> => {
    const patience = performance.now() + (settings.lockSeconds ?? 0) * 1000;
    for (let tries = 0; ; tries += 1) {
      const ended = await runRestic(settings, args, options);
      if (ended.code !== resticExit.locked) return ended;
      const isOver = performance.now() > patience;
      const holder = await removeDeadLocks(settings);
      // Nobody is in the way any more, unless somebody comes before it is tried again.
      if (holder === undefined && (tries === 0 || !isOver)) continue;
      if (holder === undefined) return ended;
      if (isOver) throw lockedError(settings.place.shown, holder);
      await delay(lookAgainMs);
    }
  };
  const { shown, isElsewhere } = settings.place;
  return {
    ...{ shown, isElsewhere, end, failure },
    run: async (doing, args) => {
      const ended = await end(args);
      if (ended.code !== resticExit.done) throw failure(doing, ended);
      return ended.output;
    },
    removeLocksOf: async (deadHosts) => {
      await removeDeadLocks({ ...settings, deadHosts });
    },
  };
}

async function runRestic(
  { place, passwordFile, cacheFolder, temporary, stuckSeconds, retrySeconds = Infinity, log }: ResticSettings,
  args: readonly string[],
  options: RunOptions,
): Promise<ResticEnd> {
  const problems: string[] = [];
  let summary: ResticMessage | undefined;
  const takeLine = lineSplitter((line) => {
    const message = parseMessage(line);
    if (message.message_type === "summary") summary = message;
    options.onMessage?.(message);
  });
  const text = new TextDecoder();
  const cache = cacheFolder === undefined ? ["--no-cache"] : ["--cache-dir", cacheFolder];
  const stuck = stuckSeconds === undefined ? [] : ["--stuck-request-timeout", `${stuckSeconds}s`];
  const isTired = tiredAfter(retrySeconds, () => performance.now());
  const isStream = options.onMessage !== undefined;
  const ended = await runProgram("restic", ["--json", ...cache, ...stuck, ...place.words, ...args], {
    environment: {
      ...place.environment,
      RESTIC_PASSWORD_FILE: options.passwordFile ?? passwordFile,
      ...{ RESTIC_PROGRESS_FPS: "2", TMPDIR: temporary, HOME: temporary, TZ: "UTC" },
    },
    ...(isStream ? { onOutput: (chunk: Buffer) => takeLine(text.decode(chunk, { stream: true })) } : {}),
    onErrorLine: (line) => {
      const problem = problemIn(parseMessage(line));
      if (problem === undefined) return;
      problems.push(problem);
      if (!line.startsWith("{")) log(`restic: ${problem}`);
    },
    // A server may do better the next time, a disk will not.
    isHopeless: (line) => (place.isElsewhere ? isTired(line) : isTriedInVain(line)),
  });
  takeLine("\n");
  return { code: ended.code, output: ended.output, summary, problems };
}

const lookAgainMs = 1000;

/**
 * Restic itself cannot tell between containers who lives: it asks for processes of a number, on hosts of a name. Here
 * the caller knows. Its `unlock` is never called: it would take the lock of whoever has just come, too.
 * @returns a holder of which nobody said that it is dead, and whose lock stays
 */
async function removeDeadLocks(settings: ResticSettings): Promise<ResticLock | undefined> {
  const locks = await readLocks(settings);
  const dead = new Set(settings.deadHosts);
  let living: ResticLock | undefined;
  for (const { id, ...lock } of locks) {
    const { hostname, pid, time } = lock;
    if (!dead.has(hostname) && !isLongSilent(time)) {
      living ??= lock;
      continue;
    }
    settings.log(`removing the lock of process ${pid} on ${hostname}, which is dead`);
    await settings.removeLock(id);
  }
  return living;
}

/** Who lives writes its lock anew every five minutes. The rest is for clocks that differ. */
const silentHours = 2;

function isLongSilent(time: string): boolean {
  return Date.now() - Date.parse(time) > silentHours * 3_600_000;
}

async function readLocks(settings: ResticSettings): Promise<readonly (ResticLock & { readonly id: string })[]> {
  const ids = (await mustRun(settings, ["list", "locks", "--no-lock"])).toString("utf8").split("\n");
  const locks: (ResticLock & { readonly id: string })[] = [];
  for (const id of ids.filter((line) => line !== "")) {
    const lock = await runRestic(settings, ["cat", "lock", id, "--no-lock"], {});
    // A lock that is gone by now holds nobody up.
    if (lock.code === resticExit.done) locks.push({ ...(JSON.parse(lock.output.toString("utf8")) as ResticLock), id });
  }
  return locks;
}

async function mustRun(settings: ResticSettings, args: readonly string[]): Promise<Buffer> {
  const end = await runRestic(settings, args, {});
  if (end.code === resticExit.done) return end.output;
  const { shown: path, isElsewhere } = settings.place;
  throw resticError({ doing: "looking at locks", path, code: end.code, problems: end.problems, isElsewhere });
}
