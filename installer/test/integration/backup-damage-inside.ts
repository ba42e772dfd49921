// Runs inside the toolbox image: makes a small repository of backups, damages copies of it in one way after the other,
// and prints what a check and every restore made of each.
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { chmod, cp, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { dirname, join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { runBackup } from "../../../toolbox/src/backup/backup-command.ts";
import { readBundleRefs } from "../../../toolbox/src/backup/bundle-header.ts";
import { checkRepository } from "../../../toolbox/src/backup/check-repository.ts";
import { sumFile, toJson, writeWhole } from "../../../toolbox/src/backup/folder-files.ts";
import { filesOf, finishIndex, subfolderOf } from "../../../toolbox/src/backup/git-folder.ts";
import { contentFile, indexFilesOf, openIndex } from "../../../toolbox/src/backup/object-index.ts";
import { openRestic, type Restic } from "../../../toolbox/src/backup/restic.ts";
import {
  runRestoreGit,
  runRestoreObjects,
  runRestorePostgres,
  runRestoreStreams,
} from "../../../toolbox/src/backup/restore-jobs.ts";
import { noteStored } from "../../../toolbox/src/backup/stored-backups.ts";
import { cutIn } from "../../../toolbox/src/backup/work-folder.ts";
import { errorText, ToolboxError } from "../../../toolbox/src/errors.ts";
import type { JobContext } from "../../../toolbox/src/jobs/job.ts";
import { lightenKey } from "../support/light-key.ts";
import { type Damage, damagesOf, type FileKind, fileKinds, type RepositoryFile } from "./backup-damages.ts";

export interface DamageRun {
  readonly seed: number;
  /** Every so manieth damage is tried. */
  readonly step: number;
}

/** What became of one restore: an error with a name before anything was written, the very bytes that were stored, or worse. */
export type RestoreEnd = { readonly end: "refused" | "exact" } | { readonly end: "slipped"; readonly why: string };

export interface DamageOutcome extends Pick<Damage, "name" | "kind" | "way"> {
  /** What the check, or opening, said; empty where neither found anything. */
  readonly found: string;
  readonly restores: Readonly<Record<Part, RestoreEnd>>;
}

export const parts = ["postgres", "git", "objects", "streams", "records"] as const;
export type Part = (typeof parts)[number];

const root = "/staging";
const cut = cutIn(root);
const whole = join(root, "whole");
const other = join(root, "other");
const hurt = join(root, "hurt");
const data = join(root, "data");
const folder = { stored: join(root, "stored") };
const password = "the platform's key";
const recovery = "the recovery key";
const quiet = { log: (): void => undefined, progress: (): void => undefined };

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

async function write(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, content, { mode: 0o600 });
}

/** In the form of a base backup, as far as a comparison with its manifest looks. */
async function writeDatabases(): Promise<void> {
  const files = new Map<string, Uint8Array>([
    ["PG_VERSION", Buffer.from("17\n")],
    ["backup_label", randomBytes(200)],
    ...["base/1/1259", "base/5/1247", "base/5/1249", "global/1260"].map((name) => [name, randomBytes(24_576)] as const),
  ]);
  const lines: string[] = [];
  for (const [path, content] of files) {
    await write(join(cut, "postgres", path), content);
    const sums = { Size: content.length, "Last-Modified": "2026-01-01 00:00:00 GMT", "Checksum-Algorithm": "SHA256" };
    lines.push(JSON.stringify({ Path: path, ...sums, Checksum: sha256(content) }));
  }
  const manifest = `{ "PostgreSQL-Backup-Manifest-Version": 1,\n"Files": [\n${lines.join(",\n")}\n],\n"WAL-Ranges": [\n],\n`;
  await write(join(cut, "postgres/backup_manifest"), `${manifest}"Manifest-Checksum": "${sha256(manifest)}"}\n`);
}

async function writeRepositories(): Promise<void> {
  const entries = [];
  for (const name of ["one", "two", "three"]) {
    const source = join("/tmp/source", name);
    const git = (...words: readonly string[]): void =>
      void execFileSync("git", ["-C", source, "-c", "user.name=a", "-c", "user.email=a@b", ...words], {
        stdio: "pipe",
      });
    await write(join(source, "weights"), randomBytes(30_000));
    git("init", "--quiet", "--initial-branch=main");
    git("add", "--all");
    git("commit", "--quiet", "--message", "weights");
    const path = `@hashed_repos/aa/bb/${name}.git`;
    const stored = filesOf(join(cut, "git"), path);
    await mkdir(stored.folder, { recursive: true });
    git("bundle", "create", "--quiet", stored.bundle, "--all");
    const refs = await readBundleRefs(stored.bundle);
    const saved = { relativePath: path, defaultBranch: "refs/heads/main", refs, bundle: await sumFile(stored.bundle) };
    const { sha256: sum } = await writeWhole(stored.record, toJson(saved));
    entries.push({ relativePath: path, folder: subfolderOf(path), sha256: sum });
  }
  await finishIndex(join(cut, "git"), entries);
}

async function writeObjects(): Promise<void> {
  const place = join(cut, "objects");
  await mkdir(join(place, "objects"), { recursive: true });
  const index = await openIndex(indexFilesOf(place, "uploads"));
  for (const key of ["a", "b", "c", "d", "e"]) {
    const content = randomBytes(16_000);
    const sum = sha256(content);
    await write(join(place, contentFile(sum)), content);
    const names = { sha256: sum, md5: createHash("md5").update(content).digest("hex"), etag: "", modified: "" };
    await index.add({ key, size: content.length, file: contentFile(sum), headers: {}, ...names });
  }
  const buckets = [{ name: "uploads", objects: 5, bytes: 80_000, index: await index.finish() }];
  await index.close();
  await writeWhole(join(place, "objects.json"), toJson({ buckets }));
}

async function writeStreams(): Promise<void> {
  const streams = [];
  for (const name of ["orders", "events"]) {
    const snapshot = join(cut, "streams/streams", `${name}.tar.s2`);
    await write(snapshot, randomBytes(40_000));
    const said = { config: { name }, state: { messages: 1, last_seq: 1 } };
    const { sha256: sum } = await writeWhole(
      join(cut, "streams/streams", `${name}.json`),
      toJson({ name, ...said, ...(await sumFile(snapshot)) }),
    );
    streams.push({ name, sha256: sum });
  }
  await writeWhole(join(cut, "streams/streams.json"), toJson({ streams }));
}

async function writeRecords(): Promise<void> {
  const head = { apiVersion: "slipway/v1", kind: "PlatformRecords", name: "p", profile: "infra", version: "1.0.0" };
  const secrets = { "a-secret": randomBytes(4000).toString("base64") };
  await write(join(cut, "records.json"), JSON.stringify({ ...head, values: "", lock: "", secrets }));
}

function open(path: string): Restic {
  return openRestic({ kind: "directory", path, password }, { host: "p", temporary: "/tmp", log: quiet.log });
}

/** Each store has packs of its own, as if it had come to the platform after the others. Gives the last backup, which has all. */
async function makeRepository(): Promise<string> {
  const restic = open(whole);
  await restic.initialise();
  await restic.addKey(recovery);
  let last = "";
  for (const fill of [writeDatabases, writeRepositories, writeObjects, writeStreams, writeRecords]) {
    await fill();
    last = (await restic.backup(cut, { tags: ["of:p"] }, () => undefined)).snapshotId;
    await noteStored({ folder, restic }, last);
  }
  await restic.close();
  for (const key of [password, recovery]) await lightenKey(whole, key);
  return last;
}

/** Of a platform whose key happens to be the same. */
async function makeOther(): Promise<void> {
  const restic = open(other);
  await restic.initialise();
  await write(join(root, "theirs/file"), randomBytes(20_000));
  await restic.backup(join(root, "theirs"), { tags: ["of:p"] }, () => undefined);
  await restic.close();
  await lightenKey(other, password);
}

async function filesIn(repository: string): Promise<readonly RepositoryFile[]> {
  const found: RepositoryFile[] = [];
  for (const path of (await readdir(repository, { recursive: true })).toSorted()) {
    const kind = path.startsWith("data/") ? "packs" : (path.split("/")[0] as FileKind);
    const about = await stat(join(repository, path));
    if (about.isFile() && fileKinds.includes(kind)) found.push({ path, bytes: about.size, kind });
  }
  return found;
}

/** What is in a folder, all files with their hashes. */
async function contentsOf(place: string): Promise<string> {
  const lines: string[] = [];
  for (const path of (await readdir(place, { recursive: true })).toSorted()) {
    if ((await stat(join(place, path))).isFile()) lines.push(`${path} ${sha256(await readFile(join(place, path)))}`);
  }
  return lines.join("\n");
}

/** Stands where a store would be: whoever comes has found nothing wrong, and is about to write. */
interface Tripwire {
  readonly port: number;
  touched: number;
}

async function layTripwire(answer: string): Promise<Tripwire> {
  const wire = { port: 0, touched: 0 };
  const server: Server = createServer((socket) => {
    wire.touched += 1;
    socket.on("error", () => undefined).end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  wire.port = (server.address() as { readonly port: number }).port;
  return wire;
}

interface Restore {
  readonly part: Part;
  readonly run: () => Promise<void>;
  /** Undefined as long as nothing was written; then whether it is what was stored. */
  readonly written: () => Promise<boolean | undefined>;
}

async function restoresOf(snapshot: string): Promise<readonly Restore[]> {
  const job = { repository: { kind: "directory" as const, path: hurt, password }, snapshot, folder: root };
  const context: JobContext = { probe: false, log: quiet.log, note: quiet.log, change: async (_, apply) => apply() };
  const store = async (
    part: "git" | "objects" | "streams",
    answer: string,
    run: (port: string) => Promise<void>,
  ): Promise<Restore> => {
    const wire = await layTripwire(answer);
    const stored = await contentsOf(join(cut, part));
    let before = 0;
    return {
      part,
      run: async () => {
        before = wire.touched;
        await run(String(wire.port));
      },
      written: async () =>
        wire.touched === before ? undefined : (await contentsOf(join(root, `restore-${part}`))) === stored,
    };
  };
  const stored = await contentsOf(join(cut, "postgres"));
  const records = JSON.stringify(JSON.parse(await readFile(join(cut, "records.json"), "utf8")));
  let handed: string | undefined;
  const keep = { daily: 1, weekly: 1, monthly: 1 };
  return [
    {
      part: "postgres",
      run: () => runRestorePostgres({ kind: "restore-postgres", ...job, data }, context),
      written: async () => {
        const there = (await readdir(data)).filter((name) => name !== ".restoring" && name !== ".slipway-restored");
        if (there.length === 0) return undefined;
        await rm(join(data, ".slipway-restored"), { force: true });
        return (await contentsOf(data)) === stored;
      },
    },
    await store("git", "", (port) => {
      const git = { address: `127.0.0.1:${port}`, token: "t", storage: "default" };
      return runRestoreGit({ kind: "restore-git", ...job, git }, context);
    }),
    await store("objects", "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", (port) => {
      const access = { region: "r", accessKey: "a", secretKey: "s", buckets: ["uploads"] };
      const objects = { endpoint: `http://127.0.0.1:${port}`, ...access };
      return runRestoreObjects({ kind: "restore-objects", ...job, objects }, context);
    }),
    await store("streams", "-ERR 'Authorization Violation'\r\n", (port) => {
      const streams = { url: `nats://127.0.0.1:${port}`, user: "u", password: "p" };
      return runRestoreStreams({ kind: "restore-streams", ...job, streams }, context);
    }),
    {
      part: "records",
      run: async () => {
        handed = undefined;
        const document = { name: "p", repository: job.repository, folder: root, keep };
        const io = { tell: quiet.log, log: quiet.log, input: new PassThrough(), hide: quiet.log };
        await runBackup(document, ["show-records", snapshot], { ...io, hand: (given) => void (handed = given) });
      },
      written: () => Promise.resolve(handed === undefined ? undefined : handed === records),
    },
  ];
}

async function endOf({ run, written }: Restore): Promise<RestoreEnd> {
  let error: unknown;
  try {
    await run();
  } catch (thrown) {
    error = thrown;
  }
  const isExact = await written();
  if (isExact === true) return { end: "exact" };
  if (isExact === false) return { end: "slipped", why: "something else than was stored was about to be written" };
  if (error instanceof ToolboxError) return { end: "refused" };
  return {
    end: "slipped",
    why: error === undefined ? "nothing was written" : `an error without a name: ${errorText(error)}`,
  };
}

async function checked(): Promise<string> {
  const restic = open(hurt);
  try {
    return (await checkRepository({ restic, folder, name: "hub" }, "all")).problems.join("; ");
  } catch (error) {
    if (error instanceof ToolboxError) return error.message;
    throw error;
  } finally {
    await restic.close();
  }
}

async function outcomeOf(damage: Damage | undefined, restores: readonly Restore[]): Promise<DamageOutcome> {
  await rm(hurt, { recursive: true, force: true });
  await cp(whole, hurt, { recursive: true });
  for (const { path } of await filesIn(hurt)) await chmod(join(hurt, path), 0o600);
  await damage?.apply(hurt);
  const ends: Partial<Record<Part, RestoreEnd>> = {};
  const found = await checked();
  for (const restore of restores) {
    for (const place of [data, join(root, `restore-${restore.part}`)])
      await rm(place, { recursive: true, force: true });
    await mkdir(data, { mode: 0o700 });
    ends[restore.part] = await endOf(restore);
  }
  const head = { name: "nothing", kind: "packs", way: "a bit" } as const;
  return {
    ...(damage === undefined ? head : { name: damage.name, kind: damage.kind, way: damage.way }),
    found,
    restores: ends as Record<Part, RestoreEnd>,
  };
}

async function main(): Promise<void> {
  const { seed, step } = JSON.parse(await text(process.stdin)) as DamageRun;
  const snapshot = await makeRepository();
  await makeOther();
  const restores = await restoresOf(snapshot);
  const foreign = (await filesIn(other)).map((file) => ({ ...file, at: join(other, file.path) }));
  const damages = damagesOf(await filesIn(whole), foreign, seed);
  const tell = (outcome: DamageOutcome): void => void process.stdout.write(`${JSON.stringify(outcome)}\n`);
  tell(await outcomeOf(undefined, restores));
  for (const [at, damage] of damages.entries()) if (at % step === 0) tell(await outcomeOf(damage, restores));
}

main().then(
  // Some clients keep connections for a while.
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
