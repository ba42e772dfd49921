import { readFile, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { startChild } from "./child.ts";
import type { RunningChild } from "./child.ts";
import type { Platform } from "./platform.ts";

/** A secret in one of the spellings it could slip out in. */
interface Needle {
  readonly secret: string;
  readonly spelling: string;
  readonly text: string;
}

/** Parts of secrets that are handed out, and identifiers that stand in URLs. */
const publicParts = [".certificate", ".publicKey", "-id"];

/** The values of every secret of an install, each as itself, in base64 at every offset, and escaped. */
export async function readNeedles(stateDir: string): Promise<readonly Needle[]> {
  const folder = join(stateDir, "secrets");
  const needles: Needle[] = [];
  for (const name of await readdir(folder)) {
    if (publicParts.some((suffix) => name.endsWith(suffix))) continue;
    needles.push(...spellings(name, await readFile(join(folder, name), "utf8")));
  }
  return needles;
}

function spellings(secret: string, contents: string): readonly Needle[] {
  // Of a key file, its second line: the first is the same in all of them.
  const lines = contents.trim().split("\n");
  const value = (lines.length > 2 ? lines[2] : lines[0]) ?? "";
  if (value.length < 12) throw new Error(`the secret ${secret} is too short to be looked for`);
  const found: Needle[] = [{ secret, spelling: "as it is", text: value }];
  const encoded = encodeURIComponent(value);
  const quoted = JSON.stringify(value).slice(1, -1);
  if (encoded !== value) found.push({ secret, spelling: "URL-encoded", text: encoded });
  if (quoted !== value) found.push({ secret, spelling: "quoted", text: quoted });
  for (const offset of [0, 1, 2]) {
    const text = Buffer.from("x".repeat(offset) + value).toString("base64");
    // Characters at both ends also depend on what stands around the secret.
    found.push({ secret, spelling: `base64 at ${offset}`, text: text.slice(offset === 0 ? 0 : offset + 1, -4) });
  }
  return found;
}

/** Every needle that a text holds, as `secret (spelling) in place`. */
export function findNeedles(needles: readonly Needle[], place: string, text: string): readonly string[] {
  return needles
    .filter((needle) => text.includes(needle.text))
    .map((needle) => `${needle.secret} (${needle.spelling}) in ${place}`);
}

/** Watches a machine while something runs on it. */
export interface Watcher {
  /** Distinct command lines seen in the process table. */
  readonly commandLines: ReadonlySet<string>;
  /** `docker inspect` of every container that was created meanwhile, also of those that are gone. */
  readonly inspected: ReadonlyMap<string, string>;
  events(): string;
  stop(): Promise<void>;
}

const samplesPerSecond = 20;

/** Begins to sample the process table and to collect the engine's events. */
export function watchMachine(platform: Platform): Watcher {
  const inspected = new Map<string, string>();
  const pending: Promise<unknown>[] = [];
  let text = "";
  const events: RunningChild = startChild("docker", ["events", "--format", "{{json .}}"]);
  events.process.stdout?.on("data", (chunk: Buffer) => {
    const begin = text.lastIndexOf("\n") + 1;
    text += chunk.toString();
    for (const line of text.slice(begin).split("\n")) {
      const event = parseEvent(line);
      if (event?.Action !== "create" || event.Type !== "container") continue;
      const { ID: id } = event.Actor;
      pending.push(
        platform.docker("inspect", id).then(
          (found) => inspected.set(id, found),
          // Gone again already: its events are still looked through.
          () => undefined,
        ),
      );
    }
  });
  const sampler = watchCommandLines();
  return {
    commandLines: sampler.commandLines,
    inspected,
    events: () => text,
    stop: async () => {
      await sampler.stop();
      await Promise.all(pending);
      events.process.kill("SIGTERM");
      await events.ended;
    },
  };
}

/** Begins to sample the process table 20 times a second, or as often as a busy machine can. */
export function watchCommandLines(): Pick<Watcher, "commandLines" | "stop"> {
  const commandLines = new Set<string>();
  let sampling = Promise.resolve();
  let isSampling = false;
  const timer = setInterval(() => {
    if (isSampling) return;
    isSampling = true;
    sampling = sampleCommandLines(commandLines).finally(() => (isSampling = false));
  }, 1000 / samplesPerSecond);
  return {
    commandLines,
    stop: async () => {
      clearInterval(timer);
      await sampling;
    },
  };
}

interface EngineEvent {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string };
}

function parseEvent(line: string): EngineEvent | undefined {
  if (!line.startsWith("{") || !line.endsWith("}")) return undefined;
  try {
    return JSON.parse(line) as EngineEvent;
  } catch {
    return undefined;
  }
}

async function sampleCommandLines(seen: Set<string>): Promise<void> {
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const line = await readFile(`/proc/${entry}/cmdline`, "utf8").catch(() => "");
    if (line !== "") seen.add(line.replaceAll("\0", " "));
  }
}

export interface FoundFile {
  readonly path: string;
  readonly mode: number;
  readonly directory: boolean;
}

/** Every file and directory below a directory. */
export async function listFiles(folder: string): Promise<readonly FoundFile[]> {
  const found: FoundFile[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    found.push({ path, mode: (await stat(path)).mode & 0o777, directory: entry.isDirectory() });
  }
  return found;
}
