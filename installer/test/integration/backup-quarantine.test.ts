/** What no row of the hub knows of comes back where nobody is served it; with real servers on both sides. */
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { lfsKeyOf, type RepositoryRow, repositoryPathOf } from "../../../toolbox/src/backup/audit/hub-layout.ts";
import { openGitServer } from "../../../toolbox/src/backup/git-server.ts";
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
  const hub = await world.connect("db", "postgres", serverPassword, "hub");
  await hub.query(tables);
  await hub.query("insert into repositories (id, path, repository_type) values (1, 'ada/m1', 'model')");
  await hub.end();
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
  await world.dispose();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

/** Two repositories with an LFS object each, of which the hub has a row of one; and an object that is not of one repository. */
async function fillStores(): Promise<void> {
  const server = await openGitServer(git("default", outside.gitaly));
  await untilUp(() => server.list());
  const work = join(folder, "work");
  const run = (...words: readonly string[]): Promise<string> =>
    mustRun("git", ["-C", work, "-c", "user.name=a", "-c", "user.email=a@b", ...words]);
  await mustRun("git", ["init", "--quiet", "-b", "main", work]);
  for (const path of [knownPath, nobodysPath]) {
    await run("commit", "--quiet", "--allow-empty", "-m", path);
    await run("bundle", "create", join(folder, "push"), "--all");
    await server.create(path, "refs/heads/main");
    await server.fetchBundle(path, join(folder, "push"), new AbortController().signal);
  }
  server.close();
  const store = objects(`http://${outside.minio}`);
  for (const bucket of ["hub", "other"]) await untilUp(() => requireS3(store, { method: "PUT", path: `/${bucket}` }));
  for (const key of [lfsKeyOf(known, oid), lfsKeyOf(nobodys, oid), "avatars/2.png"]) {
    await requireS3(store, { method: "PUT", path: `/hub/${key}`, body: content });
  }
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
    repository: { path: "/staging/repository", password: repositoryPassword },
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
  await hub.end();

  expect(quarantined).toEqual({ repositories: 0, objects: 0 });
});
