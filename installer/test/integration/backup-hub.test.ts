/**
 * A hub's rows, repositories and objects, with real servers on both sides: in which order they have to be copied, and that what no row
 * knows of comes back where nobody is served it.
 */
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AuditResult } from "../../../toolbox/src/backup/audit/audit-result.ts";
import { lfsKeyOf, type RepositoryRow, repositoryPathOf } from "../../../toolbox/src/backup/audit/hub-layout.ts";
import { type GitServer, openGitServer } from "../../../toolbox/src/backup/git-server.ts";
import { listObjects } from "../../../toolbox/src/backup/object-calls.ts";
import type { StoredBackup } from "../../../toolbox/src/backup/restic.ts";
import { requireS3 } from "../../../toolbox/src/s3-client.ts";
import { mustRun } from "../support/child.ts";
import { type BackupWorld, imageOf, openBackupWorld, repositoryPassword, serverPassword } from "./backup-world.ts";

const token = randomBytes(12).toString("hex");
const s3 = { region: "us-east-1", accessKey: "backup", secretKey: randomBytes(12).toString("hex"), buckets: ["hub"] };
/** Columns of csghub-server that say where a repository lies. */
const tables = `
  create table repositories (id bigserial primary key, path varchar, repository_type varchar, hashed boolean default true,
    migrated boolean default true, xnet_enabled boolean, sync_status varchar, deleted_at timestamptz);
  create table lfs_meta_objects (id bigserial primary key, oid varchar, size bigint, repository_id bigint, existing boolean,
    xnet_used boolean);`;

function rowOf(id: string): RepositoryRow {
  const flags = { isHashed: true, isMigrated: true, isXnet: false, syncStatus: null, isDeleted: false };
  return { id, type: "model", path: `ada/m${id}`, ...flags };
}

const [known, nobodys] = [rowOf("1"), rowOf("2")];
const [knownPath, nobodysPath] = [repositoryPathOf(known), repositoryPathOf(nobodys)];
const content = "weights";
const oid = createHash("sha256").update(content).digest("hex");

let world: BackupWorld;
let server: GitServer;
/** The hub's own database, as the hub sees it. */
let hub: pg.Client;
let folder: string;
let snapshot: string;
/** Where this test reaches the stores from outside. */
const outside = { gitaly: "", minio: "" };

/** Starts a server of one of the platform's images beside the toolbox. */
async function start(image: "gitaly" | "minio", port: number, options: readonly string[], command: readonly string[]) {
  const name = `${world.name}-${image}`;
  const place = ["--label", `test=${world.name}`, "--network", world.name, "--network-alias", image];
  const reach = ["--publish", `127.0.0.1::${port}`, "--tmpfs", "/tmp:mode=1777"];
  await mustRun("docker", [
    "run",
    "-d",
    "--name",
    name,
    ...place,
    ...reach,
    ...options,
    await imageOf(image),
    ...command,
  ]);
  outside[image] = (await mustRun("docker", ["port", name, String(port)])).trim().split("\n")[0] ?? "";
}

const git = (storage: string, address = "gitaly:8075") => ({ address, token, storage });
const objects = (endpoint = "http://minio:9000", buckets = s3.buckets) => ({ ...s3, endpoint, buckets });
const admin = {
  host: "db",
  port: 5432,
  user: "postgres",
  password: serverPassword,
  database: "postgres",
  tls: "off",
} as const;

beforeAll(async () => {
  world = await openBackupWorld();
  folder = await mkdtemp(join(tmpdir(), "slipway-quarantine-"));
  await mustRun("chmod", ["0755", folder]);
  await writeFile(
    join(folder, "gitaly.toml"),
    `listen_addr = "0.0.0.0:8075"
bin_dir = "/usr/local/bin"
runtime_dir = "/run/gitaly"
[git]
use_bundled_binaries = false
bin_path = "/usr/bin/git"
${["default", "plain", "with-hub"].map((name) => `[[storage]]\nname = "${name}"\npath = "/data/${name}"\n`).join("")}[auth]
token = "${token}"
[gitlab]
url = "http://127.0.0.1:1"
secret = "none"
[gitlab-shell]
dir = "/usr/local/bin"
`,
  );
  const data = ["/data:uid=10005,mode=0700", "/run/gitaly:exec,uid=10005,mode=0700"].flatMap((at) => ["--tmpfs", at]);
  const shell = "mkdir -p /data/default /data/plain /data/with-hub && exec gitaly serve /settings/gitaly.toml";
  await start("gitaly", 8075, [...data, "-v", `${folder}:/settings:ro`, "--entrypoint", "sh"], ["-c", shell]);
  const login = ["--env", "MINIO_ROOT_USER=backup", "--env", `MINIO_ROOT_PASSWORD=${s3.secretKey}`];
  await start(
    "minio",
    9000,
    [...login, "--tmpfs", "/data:uid=10003,gid=10003,mode=0700"],
    ["server", "/data", "--address", ":9000"],
  );
  const db = await world.serve("db", "/staging/source", { make: true });
  for (const name of ["plain", "hub"]) await db.query(`create database ${name}`);
  await db.end();
  hub = await world.connect("db", "postgres", serverPassword, "hub");
  await hub.query(tables);
  await hub.query("insert into repositories (id, path, repository_type) values (1, 'ada/m1', 'model')");
  await fillStores();
  const [, , , stored] = await world.results([
    ["saveGit", git("default"), "/staging/cut/git"],
    ["saveObjects", objects(), "/staging/cut/objects"],
    ["initialise"],
    ["backup", "/staging/cut", ["of:p"]],
  ]);
  snapshot = (stored as StoredBackup).snapshotId;
}, 240_000);

afterAll(async () => {
  server.close();
  await hub.end().catch(() => undefined);
  await world.dispose();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

/** Two repositories with an LFS object each, of which the hub has a row of one; and an object that is not of one repository. */
async function fillStores(): Promise<void> {
  server = await openGitServer(git("default", outside.gitaly));
  await untilUp(() => server.list());
  const store = objects(`http://${outside.minio}`);
  for (const bucket of ["hub", "other"]) await untilUp(() => requireS3(store, { method: "PUT", path: `/${bucket}` }));
  for (const row of [known, nobodys]) await pushTo(row, oid);
  for (const key of [lfsKeyOf(known, oid), lfsKeyOf(nobodys, oid), "avatars/2.png"]) {
    await requireS3(store, { method: "PUT", path: `/hub/${key}`, body: content });
  }
}

/** A commit with a file that stands for an LFS object. */
async function pushTo(row: RepositoryRow, pointer: string): Promise<void> {
  const work = join(folder, `work-${row.id}`);
  const run = (...words: readonly string[]): Promise<string> =>
    mustRun("git", ["-C", work, "-c", "user.name=a", "-c", "user.email=a@b", ...words]);
  await mustRun("git", ["init", "--quiet", "-b", "main", work]);
  const text = `version https://git-lfs.github.com/spec/v1\noid sha256:${pointer}\nsize ${content.length}\n`;
  await writeFile(join(work, "weights.bin"), text);
  await run("add", "--all");
  await run("commit", "--quiet", "-m", row.path);
  await run("bundle", "create", "--quiet", join(folder, "push"), "--all");
  await server.create(repositoryPathOf(row), "refs/heads/main");
  await server.fetchBundle(repositoryPathOf(row), join(folder, "push"), new AbortController().signal);
}

async function untilUp(attempt: () => Promise<unknown>): Promise<void> {
  for (const end = Date.now() + 60_000; ; await new Promise((wake) => setTimeout(wake, 200))) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}

async function keysIn(bucket: string): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const page of listObjects(objects(`http://${outside.minio}`), bucket))
    keys.push(...page.map(({ key }) => key));
  return keys.toSorted();
}

function jobsFor(storage: string, databases: readonly string[]) {
  const head = {
    repository: { kind: "directory" as const, path: "/staging/repository", password: repositoryPassword },
    snapshot,
    folder: "/staging",
  };
  const rows = { admin, databases };
  return [
    ["runJob", { kind: "restore-objects", ...head, objects: objects(), rows }],
    ["runJob", { kind: "restore-git", ...head, git: git(storage), rows }],
    ["quarantined", "/staging", snapshot],
    ["repositories", git(storage)],
  ] as const;
}

type Store = "postgres" | "git" | "objects";

/** A repository is made in the hub's order: row, repository, object, the object's row, push. */
async function make(id: string): Promise<void> {
  const row = rowOf(id);
  await hub.query("insert into repositories (id, path, repository_type) values ($1, $2, 'model')", [id, row.path]);
  const path = `/hub/${lfsKeyOf(row, oid)}`;
  await requireS3(objects(`http://${outside.minio}`), { method: "PUT", path, body: content });
  const values = [oid, content.length, id];
  await hub.query(
    "insert into lfs_meta_objects (oid, size, repository_id, existing) values ($1, $2, $3, true)",
    values,
  );
  await pushTo(row, oid);
}

async function remove(id: string): Promise<void> {
  const row = rowOf(id);
  await hub.query("delete from lfs_meta_objects where repository_id = $1", [id]);
  await world.docker("exec", `${world.name}-gitaly`, "rm", "-r", `/data/default/${repositoryPathOf(row)}`);
  await hub.query("delete from repositories where id = $1", [id]);
  await requireS3(objects(`http://${outside.minio}`), { method: "DELETE", path: `/hub/${lfsKeyOf(row, oid)}` });
}

describe("stores that are copied one after the other, while between two of them a repository is made and another deleted", () => {
  const rowsFirst = ["postgres", "git", "objects"] as const;
  const objectsFirst = ["objects", "git", "postgres"] as const;
  let next = 100;

  async function copyInOrder(order: readonly Store[], areDeletesHeld: boolean): Promise<AuditResult> {
    const ids = Array.from({ length: 2 * order.length }, () => String((next += 1)));
    const [old, young] = [ids.slice(0, order.length), ids.slice(order.length)];
    for (const id of old) await make(id);
    const cut = `/staging/orders/${ids[0] ?? ""}`;
    const copies = {
      postgres: ["savePostgres", admin, `${cut}/postgres`],
      git: ["saveGit", git("default"), `${cut}/git`],
      objects: ["saveObjects", objects(), `${cut}/objects`],
    } as const;
    for (const [at, store] of order.entries()) {
      await world.results([copies[store]]);
      await make(young[at] ?? "");
      if (!areDeletesHeld) await remove(old[at] ?? "");
    }
    const [result] = await world.results([["audit", cut, "/tmp/audit", "hub"]]);
    return result as AuditResult;
  }

  it("have no reference that dangles when what refers comes first and deletes wait", async () => {
    const { references, dangling, orphans } = await copyInOrder(rowsFirst, true);

    expect(dangling).toEqual({ count: 0, first: [] });
    expect(references["pointer-object"]).toBeGreaterThanOrEqual(3);
    expect(orphans).toBeGreaterThan(0);
  });

  it.each([
    ["objects come first", objectsFirst, false],
    ["objects come first, though deletes wait", objectsFirst, true],
    ["what refers comes first, but deletes do not wait", rowsFirst, false],
  ] as const)("are found out by the same audit where %s", async (_, order, areDeletesHeld) => {
    const { dangling } = await copyInOrder(order, areDeletesHeld);

    // A row without its repository, rows without their objects, a file in Git without its object.
    expect(dangling.first.map(({ kind }) => kind).toSorted()).toEqual([
      "pointer-object",
      "row-object",
      "row-object",
      "row-repository",
    ]);
    expect(dangling.count).toBe(4);
  });
});

it("everything comes back to its own place where the hub is not among the databases", async () => {
  const [, , quarantined, repositories] = await world.results(jobsFor("plain", ["plain", "gone"]));

  expect(quarantined).toEqual({ repositories: 0, objects: 0 });
  expect(Object.keys(repositories as object)).toEqual([knownPath, nobodysPath].toSorted());
});

it("what no row knows of lies under quarantine, is told, and lies there once however often the restore is run", async () => {
  const store = objects(`http://${outside.minio}`);
  for (const key of await keysIn("hub")) await requireS3(store, { method: "DELETE", path: `/hub/${key}` });
  const jobs = jobsFor("with-hub", ["plain", "gone", "hub"]);

  const [objectsTold, gitTold, quarantined, repositories] = await world.results(jobs);
  const [, , afterwards, again] = await world.results(jobs);
  const [original] = await world.results([["repositories", git("default")]]);

  const place = `@quarantine/${snapshot.slice(0, 8)}/${nobodysPath}`;
  const object = `quarantine/${snapshot.slice(0, 8)}/${lfsKeyOf(nobodys, oid)}`;
  const before = original as Readonly<Record<string, unknown>>;
  expect(repositories).toEqual({ [place]: before[nobodysPath], [knownPath]: before[knownPath] });
  expect(again).toEqual(repositories);
  expect([quarantined, afterwards]).toEqual([quarantined, { repositories: 1, objects: 1 }]);
  expect(gitTold).toEqual([`no row of a database knows of ${nobodysPath}: it lies under ${place}`]);
  expect(objectsTold).toEqual([`no row of a database knows of ${lfsKeyOf(nobodys, oid)}: it lies under ${object}`]);
  expect(await keysIn("hub")).toEqual([lfsKeyOf(known, oid), "avatars/2.png", object].toSorted());
});

it("a view in place of the hub's table, by which its owner could do what only an administrator may, is not read", async () => {
  const hub = await world.connect("db", "postgres", serverPassword, "hub");
  await hub.query(
    "alter table repositories rename to kept; create view repositories as select * from kept where 1 / 0 = 1",
  );

  const [, , quarantined] = await world.results(jobsFor("with-hub", ["hub"]));

  expect(quarantined).toEqual({ repositories: 0, objects: 0 });
});
