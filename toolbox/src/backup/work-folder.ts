import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { appendFile, mkdir, rename, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { ToolboxError } from "../errors.ts";
import { readIfThere } from "./folder-files.ts";
import { recordsFile } from "./manifest.ts";
import { parseRecords, type PlatformRecords } from "./records.ts";

/** Where a backup is put together: a volume that this install's backups alone work on. */
export interface BackupFolder {
  /** What is stored. */
  readonly cut: string;
  /** A place to restore to, for proofs. */
  readonly scratch: string;
  /** What restic keeps to be faster. */
  readonly cache: string;
  /** Proofs, a line each. */
  readonly proofs: string;
  /** What is known of bundles, a line each. */
  readonly pointers: string;
  /** Ids of the backups that were stored from here, a line each. */
  readonly stored: string;
  /** Names of the hosts that worked here before, all of which are gone. */
  readonly deadHosts: readonly string[];
}

/** Where what is stored lies below the folder, and lay in a backup that was made there. */
export function cutIn(root: string): string {
  return join(root, "cut");
}

/**
 * Opens the folder; who works on it has it to itself until this process ends.
 * @throws ToolboxError while another backup works on it
 */
export async function openBackupFolder(root: string, manner: "work" | "look"): Promise<BackupFolder> {
  const cut = cutIn(root);
  await mkdir(cut, { recursive: true, mode: 0o700 });
  const scratch = join(root, "scratch");
  const files = {
    proofs: join(root, "proofs.jsonl"),
    pointers: join(root, "pointers.jsonl"),
    stored: join(root, "stored"),
  };
  const places = { cut, scratch, cache: join(root, "cache"), ...files };
  if (manner === "look") {
    await signIn(root);
    return { ...places, deadHosts: [] };
  }
  await takeTurn(root);
  // Each container has a name of its own, and this one works alone: locks that bear earlier names are of the dead.
  const earlier = (await readIfThere(join(root, hostsFile)))?.split("\n") ?? [];
  await signIn(root);
  return { ...places, deadHosts: [...new Set(earlier)].filter((line) => line !== "" && line !== hostname()) };
}

const hostsFile = "hosts";

/** Leaves the name of this host: if it is killed, who works here later knows whose lock is in the repository. */
export async function signIn(root: string): Promise<void> {
  await appendFile(join(root, hostsFile), `${hostname()}\n`, { mode: 0o600 });
}

/** So often whoever works looks whether somebody came later, and so long that one waits for it to be gone. */
const lookMs = 500;
const patienceSeconds = 30;

/**
 * The installer lets one command in at a time: who comes later knows that the command of who is here was killed, and that nobody waits for
 * what it does. That one ends itself, as nobody else can.
 */
async function takeTurn(root: string): Promise<void> {
  const place = join(root, "turn");
  const mine = randomUUID();
  await writeFile(`${place}.${mine}`, mine, { mode: 0o600 });
  await rename(`${place}.${mine}`, place);
  await takeLock(join(root, "lock"));
  const timer = setInterval(() => {
    readIfThere(place).then(
      (turn) => turn !== undefined && turn !== mine && process.kill(process.pid, "SIGTERM"),
      () => undefined,
    );
  }, lookMs);
  timer.unref();
}

/** The lock belongs to a child that lives as long as this process does: Node cannot take one itself. */
async function takeLock(path: string): Promise<void> {
  const patience = ["--timeout", String(patienceSeconds), "--conflict-exit-code", "75"];
  const child = spawn("flock", [...patience, path, "sh", "-c", "echo held; exec cat"], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  // It ends with the pipe, and the pipe with this process.
  child.unref();
  const held = await new Promise<boolean>((resolve, reject) => {
    child.once("error", reject);
    child.stdout.once("data", () => resolve(true));
    child.once("close", () => resolve(false));
  });
  (child.stdin as unknown as { unref?: () => void }).unref?.();
  (child.stdout as unknown as { unref?: () => void }).unref?.();
  if (held) return;
  throw new ToolboxError("another backup of this platform is being made", {
    advice: "wait until it has ended; slipway backup list shows it then",
  });
}

/**
 * Keeps the records of the platform for the backup that follows.
 * @throws ToolboxError when they are none
 */
export async function putRecords({ cut }: BackupFolder, text: string): Promise<void> {
  parseRecords(text);
  const path = join(cut, recordsFile);
  await writeFile(`${path}.partial`, text, { mode: 0o600, flush: true });
  await rename(`${path}.partial`, path);
}

/**
 * The records that were put there.
 * @throws ToolboxError when there are none
 */
export async function readRecords({ cut }: BackupFolder): Promise<PlatformRecords> {
  const text = await readIfThere(join(cut, recordsFile));
  if (text !== undefined) return parseRecords(text);
  throw new ToolboxError("the records of the platform were not handed over", { advice: "run slipway backup create" });
}
