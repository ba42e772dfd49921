/** Repositories, objects and streams are copied from real servers into a folder, and put back into others. */
import { randomBytes } from "node:crypto";
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CopyContext } from "../../../toolbox/src/backup/copy.ts";
import { subfolderOf } from "../../../toolbox/src/backup/git-folder.ts";
import { type GitServer, openGitServer } from "../../../toolbox/src/backup/git-server.ts";
import { restoreGit, saveGit } from "../../../toolbox/src/backup/git-store.ts";
import { inOrder } from "../../../toolbox/src/backup/in-order.ts";
import { restoreObjects, saveObjects } from "../../../toolbox/src/backup/object-store.ts";
import { restoreStreams, saveStreams } from "../../../toolbox/src/backup/stream-store.ts";
import { callS3, requireS3, type S3Call } from "../../../toolbox/src/s3-client.ts";
import { readImageTable } from "../../src/actions/desired/load-plan.ts";
import { openAssets } from "../../src/cli/assets.ts";
import { mustRun, runChild } from "../support/child.ts";

const token = `t"${randomBytes(12).toString("hex")}`;
const password = randomBytes(12).toString("hex");
const login = { user: "backup", password };

let top: string;
const containers: string[] = [];

/** Starts a server of one of the platform's images; where its port is on loopback. */
async function start(image: string, port: number, options: readonly string[], command: readonly string[]) {
  const reference = readImageTable(openAssets())[image]?.reference ?? "";
  const name = `slipway-stores-${image}-${randomBytes(4).toString("hex")}`;
  containers.push(name);
  const common = [
    "--detach",
    "--name",
    name,
    "--publish",
    `127.0.0.1::${port}`,
    "--volume",
    `${top}/settings:/settings:ro`,
  ];
  await mustRun("docker", ["run", ...common, "--tmpfs", "/tmp:mode=1777", ...options, reference, ...command]);
  return { name, address: (await mustRun("docker", ["port", name, String(port)])).trim().split("\n")[0] ?? "" };
}

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

async function answering(attempt: () => Promise<unknown>): Promise<void> {
  for (const end = Date.now() + 60_000; ; await new Promise((resolve) => setTimeout(resolve, 200))) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}

interface Told extends CopyContext {
  readonly lines: string[];
}

function quiet(progress: CopyContext["progress"] = () => undefined): Told {
  const lines: string[] = [];
  return { lines, log: (line) => lines.push(line), progress };
}

/** Ends the copy as soon as so much is done. */
function broken(after = 0): Told {
  return quiet(({ done }) => {
    if (done >= after) throw new Error("broken off");
  });
}

async function flipBit(path: string): Promise<void> {
  const bytes = await readFile(path);
  const at = Math.floor(bytes.length / 2);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(path, bytes);
}

async function swap(one: string, other: string): Promise<void> {
  await rename(one, `${one}.swap`);
  await rename(other, one);
  await rename(`${one}.swap`, other);
}

/** Damages a copy of the folder in each way, and gives what the restore of it says. */
async function* damagedCopies(folder: string, files: readonly [string, string], index: string) {
  const [one, other] = files;
  const ways: Record<string, (copy: string) => Promise<void>> = {
    "a bit": async (copy) => flipBit(join(copy, one)),
    "a shorter file": async (copy) => truncate(join(copy, one), (await stat(join(copy, one))).size - 1),
    "a missing file": async (copy) => rm(join(copy, one)),
    "two swapped files": async (copy) => swap(join(copy, one), join(copy, other)),
    "no index": async (copy) => rm(join(copy, index)),
  };
  for (const [way, damage] of Object.entries(ways)) {
    const copy = join(top, "damaged");
    await cp(folder, copy, { recursive: true });
    await damage(copy);
    yield { way, copy };
    await rm(copy, { recursive: true });
  }
}

beforeAll(async () => {
  top = await mkdtemp(join(tmpdir(), "slipway-stores-"));
  await mustRun("chmod", ["0755", top]);
  await mkdir(join(top, "settings"), { mode: 0o755 });
  const storage = (name: string): string => `[[storage]]\nname = "${name}"\npath = "/data/${name}"\n`;
  await writeFile(
    join(top, "settings/gitaly.toml"),
    `listen_addr = "0.0.0.0:8075"
bin_dir = "/usr/local/bin"
runtime_dir = "/run/gitaly"
[git]
use_bundled_binaries = false
bin_path = "/usr/bin/git"
${["default", "other", "empty"].map(storage).join("")}[auth]
token = ${JSON.stringify(token)}
[gitlab]
url = "http://127.0.0.1:1"
secret = "none"
[gitlab-shell]
dir = "/usr/local/bin"
`,
  );
  await writeFile(
    join(top, "settings/nats.conf"),
    `port: 4222
max_payload: 8MB
jetstream { store_dir: "/data/jetstream", max_memory_store: 64MB, max_file_store: 256MB }
authorization { users: [ { user: "${login.user}", password: "${login.password}" } ] }
`,
  );
});

afterAll(async () => {
  for (const name of containers) await runChild("docker", ["rm", "--force", "--volumes", name]);
  await rm(top, { recursive: true, force: true });
});

describe("repositories of Gitaly", () => {
  const author = { name: "A", email: "a@example.invalid" };
  const plain = "@hashed/aa/plain.git";
  const trunk = "@hashed/bb/trunk.git";
  const empty = "@hashed/cc/empty.git";
  let address: string;
  let folder: string;
  let server: GitServer;
  const access = (storage: string) => ({ address, token, storage });

  /** Runs git in a repository of this test. */
  async function git(path: string, ...words: readonly string[]): Promise<string> {
    const who = ["-c", `user.name=${author.name}`, "-c", `user.email=${author.email}`];
    return mustRun("git", ["-C", path, ...who, ...words]);
  }

  async function commit(path: string, name: string): Promise<void> {
    await writeFile(join(path, name), randomBytes(20_000));
    await git(path, "add", name);
    await git(path, "commit", "--quiet", "-m", name);
  }

  async function push(path: string, relativePath: string): Promise<void> {
    await git(path, "bundle", "create", join(top, "push"), "--all");
    await server.fetchBundle(relativePath, join(top, "push"), new AbortController().signal);
  }

  beforeAll(async () => {
    const data = ["/data:uid=10005,mode=0700", "/run/gitaly:exec,uid=10005,mode=0700"].flatMap((at) => ["--tmpfs", at]);
    const shell = `mkdir -p /data/default /data/other /data/empty && exec gitaly serve /settings/gitaly.toml`;
    ({ address } = await start("gitaly", 8075, [...data, "--entrypoint", "sh"], ["-c", shell]));
    server = await openGitServer(access("default"));
    await answering(() => server.list());
    folder = join(top, "git");
    const work = join(top, "work");
    await mustRun("git", ["init", "--quiet", "-b", "main", work]);
    await commit(work, "first");
    await git(work, "branch", "feature/ü");
    await git(work, "tag", "-a", "v1", "-m", "one");
    await git(work, "update-ref", "refs/keep-around/x", "HEAD");
    await commit(work, "second");
    await server.create(plain, "refs/heads/main");
    await push(work, plain);
    await git(work, "branch", "-m", "main", "trunk");
    await server.create(trunk, "refs/heads/trunk");
    await push(work, trunk);
    await server.create(empty, "refs/heads/later");
    await server.create("@slipway-verify/x.git", "refs/heads/main");
    for (const name of ["1", "2", "3", "4"]) {
      await server.create(`@hashed/${name}.git`, "refs/heads/trunk");
      await push(work, `@hashed/${name}.git`);
    }
    const hooks = join(top, "hooks");
    await mkdir(join(hooks, "custom_hooks"), { recursive: true });
    await writeFile(join(hooks, "custom_hooks", "pre-receive"), "#!/bin/sh\nexit 0\n", { mode: 0o755 });
    await mustRun("tar", ["-C", hooks, "-cf", join(top, "hooks.tar"), "custom_hooks"]);
    await server.setHooks(trunk, join(top, "hooks.tar"), new AbortController().signal);
  });

  afterAll(() => {
    server.close();
  });

  it("are no copy while one is not finished, and the next run finishes it", async () => {
    await expect(saveGit(access("default"), folder, broken())).rejects.toThrow("broken off");
    await expect(restoreGit(access("other"), folder, {}, quiet())).rejects.toThrow("no finished copy");

    const saved = await saveGit(access("default"), folder, quiet());

    expect(saved.items).toBe(7);
    expect(saved.bytes).toBeGreaterThan(6 * 40_000);
  });

  it("are fetched again only when their refs are others, and forgotten when they are gone", async () => {
    const nothing = await saveGit(access("default"), folder, quiet());
    const work = join(top, "work");
    await commit(work, "third");
    await push(work, trunk);
    const { bytes, changedBytes } = await saveGit(access("default"), folder, quiet());

    expect(nothing.changedBytes).toBe(0);
    expect(changedBytes).toBeGreaterThan(60_000);
    expect(changedBytes).toBeLessThan(bytes / 3);
  });

  it("that are damaged in the folder are found before anything is written", async () => {
    const target = await openGitServer(access("empty"));
    for (const file of ["bundle", "repository.json"]) {
      const [one = "", other = ""] = [plain, trunk].map((path) => join(subfolderOf(path), file));
      for await (const { way, copy } of damagedCopies(folder, [one, other], "index.json")) {
        await expect(restoreGit(access("empty"), copy, {}, quiet()), way).rejects.toThrow("nothing was changed");
        expect(await target.list()).toEqual([]);
      }
    }
    target.close();
  });

  it("go to the places that are said, the same ones when an interrupted restore goes on", async () => {
    const target = await openGitServer(access("empty"));
    const placeOf = (path: string): string => (path === trunk ? `@apart/${path}` : path);
    await expect(restoreGit(access("empty"), folder, { placeOf }, broken())).rejects.toThrow("broken off");

    await restoreGit(access("empty"), folder, { placeOf }, quiet());

    expect(await target.list()).toEqual((await server.list()).map(placeOf).toSorted());
    expect(await target.refs(placeOf(trunk))).toEqual(await server.refs(trunk));
    target.close();
  });

  it("come back as they were, also after an interruption, and others are told", async () => {
    const target = await openGitServer(access("other"));
    await target.create("@hashed/stranger.git", "refs/heads/main");
    await target.create(trunk, "refs/heads/wrong");
    await expect(restoreGit(access("other"), folder, {}, broken())).rejects.toThrow("broken off");
    const context = quiet();

    const restored = await restoreGit(access("other"), folder, {}, context);
    const again = await restoreGit(access("other"), folder, {}, quiet());

    expect(restored.items).toBe(7);
    expect(again.changedBytes).toBe(0);
    expect(context.lines).toEqual([expect.stringContaining("@hashed/stranger.git")]);
    for (const path of await server.list()) {
      expect(await target.refs(path)).toEqual(await server.refs(path));
      expect(await target.head(path)).toBe(await server.head(path));
    }
    expect(await target.head(empty)).toBe("refs/heads/later");
    expect((await target.refs(plain)).map(({ name }) => name)).toEqual([
      "refs/heads/feature/ü",
      "refs/heads/main",
      "refs/keep-around/x",
      "refs/tags/v1",
    ]);
    const hooks = Buffer.concat(await all(target.hooks(trunk, new AbortController().signal)));
    expect(hooks.toString()).toContain("custom_hooks/pre-receive");
    await writeFile(join(top, "trunk.bundle"), target.bundle(trunk, new AbortController().signal));
    await mustRun("git", ["clone", "--quiet", "--mirror", join(top, "trunk.bundle"), join(top, "mirror.git")]);
    expect(await git(join(top, "mirror.git"), "rev-list", "--count", "refs/heads/trunk")).toBe("3\n");
    await git(join(top, "mirror.git"), "fsck", "--full", "--strict");
    target.close();
  });

  it("never write over another content, and come beside it under another path", async () => {
    const target = await openGitServer(access("other"));
    const work = join(top, "work");
    await commit(work, "fourth");
    await push(work, trunk);
    await git(work, "bundle", "create", join(top, "push"), "--all");
    await target.fetchBundle(trunk, join(top, "push"), new AbortController().signal);

    await expect(restoreGit(access("other"), folder, {}, quiet())).rejects.toThrow(
      new RegExp(`repository ${trunk} is there with other content: .*; nothing was changed`),
    );
    await restoreGit(access("other"), folder, { only: trunk, as: "@restored/x.git" }, quiet());

    expect(await target.refs("@restored/x.git")).not.toEqual(await target.refs(trunk));
    expect(await target.head("@restored/x.git")).toBe("refs/heads/trunk");
    target.close();
  });

  it("says what is wrong with a token without telling it", async () => {
    const wrong = { ...access("default"), token: "wrong-token" };
    const refused = String(await saveGit(wrong, join(top, "none"), quiet()).catch((error: unknown) => error));

    expect(refused).toContain("listing the repositories of storage default: ");
    expect(refused).not.toContain("wrong-token");
  });
});

describe("objects", () => {
  const keys = [
    "a-b",
    "a/b",
    "a.b",
    "a b+c%20&=?#.txt",
    "ünï/日本/😀.bin",
    `<&>"'!*().xml`,
    "dir/",
    "e\u0301 é",
    "\uffee",
    "\u{1f600}",
  ];
  const big = 100 * 1024 * 1024;
  let access: { endpoint: string; region: string; accessKey: string; secretKey: string; buckets: string[] };
  let target: typeof access;
  let folder: string;

  const put = async (path: string, body: string | Uint8Array, headers: Record<string, string> = {}) =>
    requireS3(access, { method: "PUT", path, body, headers });
  const ask = async (store: typeof access, method: string, path: string, query: S3Call["query"] = {}) =>
    callS3(store, { method, path, query });

  async function startStore(): Promise<typeof access> {
    const root = ["--env", "MINIO_ROOT_USER=backup", "--env", `MINIO_ROOT_PASSWORD=${password}`];
    const data = ["--tmpfs", "/data:uid=10003,gid=10003,mode=0700"];
    const { address } = await start("minio", 9000, [...root, ...data], ["server", "/data", "--address", ":9000"]);
    const store = { endpoint: `http://${address}`, region: "us-east-1", accessKey: "backup", secretKey: password };
    const found = { ...store, buckets: ["odd", "many", "few"] };
    for (const bucket of found.buckets) {
      await answering(() => requireS3(found, { method: "PUT", path: `/${bucket}` }));
    }
    return found;
  }

  beforeAll(async () => {
    folder = join(top, "objects");
    access = await startStore();
    target = await startStore();
    for (const key of keys) await put(`/odd/${key}`, key.endsWith("/") ? "" : `content of ${key}`);
    await put("/odd/same/1", "the same");
    await put("/odd/same/2", "the same", {
      "content-type": "text/x-odd",
      "content-disposition": 'attachment; filename="x y.txt"',
      "cache-control": "max-age=5",
      "x-amz-meta-owner": "some body",
    });
    for (const key of ["1", "2", "3"]) await put(`/few/${key}`, `few ${key}`);
    await put("/odd/zz-big", Buffer.alloc(big, randomBytes(1 << 20)));
    const numbers = Array.from({ length: 1005 }, (_, index) => index);
    const puts = inOrder(numbers, { atOnce: 16, ahead: 64 }, async (n) => put(`/many/${n}`, `number ${n}`));
    for await (const answer of puts) expect(answer.status).toBe(200);
  });

  it("are no copy while one is not finished, and the next run goes on with what is there", async () => {
    const interrupted = saveObjects(access, folder, broken(1_000_000));
    await expect(interrupted).rejects.toThrow("broken off");
    await expect(restoreObjects(target, folder, {}, quiet())).rejects.toThrow("no finished copy");
    // what was fetched before the large one came
    const before = await readdir(join(folder, "contents"), { recursive: true });

    const saved = await saveObjects(access, folder, quiet());

    expect(before.filter((name) => name.includes("/")).length).toBeGreaterThan(5);
    expect(saved.items).toBe(keys.length + 6 + 1005);
    expect(saved.changedBytes).toBeLessThan(saved.bytes);
    expect(await readdir(folder)).not.toContain("incoming");
    expect((await readdir(join(folder, "objects"))).toSorted()).toEqual(["few.jsonl", "many.jsonl", "odd.jsonl"]);
  });

  it("are fetched again only when they are others, and contents go with the last object that has them", async () => {
    const nothing = await saveObjects(access, folder, quiet());
    await put("/many/7", "changed");
    await ask(access, "DELETE", "/many/8");
    const { items, changedBytes } = await saveObjects(access, folder, quiet());

    const contents = (await readdir(join(folder, "contents"), { recursive: true })).filter((name) =>
      name.includes("/"),
    );
    expect(nothing.changedBytes).toBe(0);
    expect(changedBytes).toBe("changed".length);
    expect(items).toBe(keys.length + 6 + 1004);
    expect(contents).toHaveLength(items - 1);
  });

  it("that are damaged in the folder are found before anything is written", async () => {
    const small = join(top, "small");
    await saveObjects({ ...access, buckets: ["few"] }, small, quiet());
    const files = await readdir(join(small, "contents"), { recursive: true });
    const [one = "", other = ""] = files.filter((name) => name.includes("/")).map((name) => `contents/${name}`);
    const pairs = [
      [one, other],
      ["objects/few.jsonl", one],
    ] as const;
    for (const pair of pairs) {
      for await (const { way, copy } of damagedCopies(small, pair, "objects.json")) {
        await expect(restoreObjects(target, copy, {}, quiet()), way).rejects.toThrow("nothing was changed");
        const list = await ask(target, "GET", "/few", { "list-type": "2" });
        expect(list.body.toString()).toContain("<KeyCount>0</KeyCount>");
      }
    }
  });

  it("come back as they were, also after an interruption", async () => {
    const all = 2 * (await saveObjects(access, folder, quiet())).bytes;
    await expect(restoreObjects(target, folder, {}, broken(all * 0.6))).rejects.toThrow("broken off");

    await restoreObjects(target, folder, {}, quiet());
    const again = await restoreObjects(target, folder, {}, quiet());

    expect(again).toMatchObject({ items: keys.length + 6 + 1004, changedBytes: 0 });
    for (const key of keys) {
      const { body } = await ask(target, "GET", `/odd/${key}`);
      expect(body.toString()).toBe(key.endsWith("/") ? "" : `content of ${key}`);
    }
    const { headers } = await ask(target, "HEAD", "/odd/same/2");
    expect(headers).toMatchObject({
      "content-type": "text/x-odd",
      "content-disposition": 'attachment; filename="x y.txt"',
      "cache-control": "max-age=5",
      "x-amz-meta-owner": "some body",
    });
    const uploaded = await ask(target, "HEAD", "/odd/zz-big");
    expect(uploaded.headers["content-length"]).toBe(String(big));
    expect(uploaded.headers.etag).toMatch(/-2"$/);
    const left = await ask(target, "GET", "/odd", { uploads: "" });
    expect(left.body.toString()).not.toContain("<UploadId>");
  });

  it("come beside those that are there under a prefix, some of them alone", async () => {
    const { items } = await restoreObjects(target, folder, { bucket: "odd", prefix: "same/", into: "back/" }, quiet());

    expect(items).toBe(2);
    expect((await ask(target, "GET", "/odd/back/same/1")).body.toString()).toBe("the same");
  });

  it("names a bucket that is not there", async () => {
    await expect(saveObjects({ ...access, buckets: ["nowhere"] }, join(top, "none"), quiet())).rejects.toThrow(
      "listing bucket nowhere",
    );
  });
});

describe("streams of NATS", () => {
  let folder: string;
  const servers: { access: { url: string; user: string; password: string }; connection: NatsConnection }[] = [];

  async function startServer(): Promise<void> {
    const data = ["--tmpfs", "/data:uid=10004,mode=0700"];
    const { address } = await start("nats", 4222, data, ["-c", "/settings/nats.conf"]);
    const { connect } = await import("@nats-io/transport-node");
    const url = `nats://${address}`;
    await answering(async () => {
      const connection = await connect({ servers: [url], user: login.user, pass: login.password, reconnect: false });
      servers.push({ access: { url, ...login }, connection });
    });
  }

  function at(index: number) {
    const found = servers[index];
    if (found === undefined) throw new RangeError("no such server");
    return found;
  }

  beforeAll(async () => {
    folder = join(top, "streams");
    await startServer();
    await startServer();
    const { jetstream, jetstreamManager, AckPolicy } = await import("@nats-io/jetstream");
    const manager = await jetstreamManager(at(0).connection);
    const js = jetstream(at(0).connection);
    await manager.streams.add({ name: "orders", subjects: ["orders.>"] });
    await manager.consumers.add("orders", { durable_name: "worker", ack_policy: AckPolicy.Explicit });
    for (let n = 1; n <= 20; n += 1) await js.publish(`orders.${n}`, `order ${n}`, { msgID: `o${n}` });
    await manager.streams.deleteMessage("orders", 20);
    const consumer = await js.consumers.get("orders", "worker");
    const taken = await consumer.fetch({ max_messages: 5, expires: 5000 });
    for await (const message of taken) if (message.seq <= 2) await message.ackAck();
    await manager.streams.add({ name: "nothing", subjects: ["nothing"] });
    await manager.streams.add({ name: "slipway-verify-1", subjects: ["verify"] });
    // more than the server sends unacknowledged
    await manager.streams.add({ name: "large", subjects: ["large"] });
    for (let n = 0; n < 30; n += 1) await js.publish("large", randomBytes(1 << 20));
  });

  afterAll(async () => {
    for (const { connection } of servers) await connection.close();
  });

  it("are no copy while one is not finished, and the next run finishes it", async () => {
    await expect(saveStreams(at(0).access, folder, broken())).rejects.toThrow("broken off");
    await expect(restoreStreams(at(1).access, folder, {}, quiet())).rejects.toThrow("no finished copy");

    const saved = await saveStreams(at(0).access, folder, quiet());

    expect(saved.items).toBe(3);
    expect(saved.bytes).toBeGreaterThan(30 << 20);
    expect((await readdir(join(folder, "streams"))).toSorted()).toEqual(
      ["large", "nothing", "orders"].flatMap((name) => [`${name}.json`, `${name}.tar.s2`]),
    );
  });

  it("that are damaged in the folder are found before anything is written", async () => {
    const { jetstreamManager } = await import("@nats-io/jetstream");
    const manager = await jetstreamManager(at(1).connection);
    for (const ending of ["json", "tar.s2"]) {
      const files = [`streams/orders.${ending}`, `streams/nothing.${ending}`] as const;
      for await (const { way, copy } of damagedCopies(folder, files, "streams.json")) {
        await expect(restoreStreams(at(1).access, copy, {}, quiet()), way).rejects.toThrow("nothing was changed");
        expect(await all(manager.streams.names())).toEqual([]);
      }
    }
  });

  it("come back with what their consumers have taken, also after an interruption", async () => {
    await expect(restoreStreams(at(1).access, folder, {}, broken())).rejects.toThrow("broken off");
    const restored = await restoreStreams(at(1).access, folder, {}, quiet());
    const again = await restoreStreams(at(1).access, folder, {}, quiet());

    const { jetstream, jetstreamManager } = await import("@nats-io/jetstream");
    const [before, manager] = await Promise.all(servers.map(({ connection }) => jetstreamManager(connection)));
    if (before === undefined || manager === undefined) throw new RangeError("two servers");
    expect([restored.items, again.items, again.changedBytes]).toEqual([3, 3, 0]);
    for (const name of ["orders", "nothing", "large"]) {
      const [was, is] = [await before.streams.info(name), await manager.streams.info(name)];
      expect(is.state).toMatchObject({
        messages: was.state.messages,
        bytes: was.state.bytes,
        // of an empty one it says 0 or 1
        ...(was.state.messages > 0 ? { first_seq: was.state.first_seq } : {}),
        last_seq: was.state.last_seq,
      });
      expect(is.config).toEqual(was.config);
    }
    const info = await manager.consumers.info("orders", "worker");
    expect(info).toMatchObject({ num_ack_pending: 3, ack_floor: { stream_seq: 2 }, delivered: { stream_seq: 5 } });
    const consumer = await jetstream(at(1).connection).consumers.get("orders", "worker");
    expect((await consumer.next({ expires: 5000 }))?.string()).toBe("order 6");
  });

  it("never write over another content", async () => {
    const { jetstream } = await import("@nats-io/jetstream");
    await jetstream(at(1).connection).publish("orders.21", "one more");

    await expect(restoreStreams(at(1).access, folder, {}, quiet())).rejects.toThrow(
      /stream orders: it is there with other content: 20 messages up to number 21 instead of 19 messages up to number 20; nothing/,
    );
  });
});
