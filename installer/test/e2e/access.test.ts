import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runChild } from "../support/child.ts";
import { mustInstall, openPlatform } from "../support/platform.ts";
import type { Platform } from "../support/platform.ts";

let platform: Platform;

beforeAll(async () => {
  platform = await openPlatform({ arguments: ["--without", "casdoor"] });
  await mustInstall(platform);
});
afterAll(() => platform.dispose());

/** Runs a command that gives its contents to standard input. */
function withInput(args: readonly string[], input: string) {
  const main = new URL("../../src/cli/main.ts", import.meta.url).pathname;
  const identity = ["--name", platform.name, "--state-dir", platform.stateDir];
  return runChild(process.execPath, [main, ...identity, ...args], { cwd: platform.folder, input });
}

async function containers(): Promise<readonly string[]> {
  const listed = await platform.docker(
    ...["ps", "--all", "--quiet", "--filter", `label=com.docker.compose.project=${platform.name}`],
  );
  return listed.trim().split("\n").sort();
}

describe("exec", () => {
  it("runs a program as the service's user, with its output and status", async () => {
    const done = await platform.run(["exec", "redis", "--", "sh", "-c", "id -u; echo wrong >&2; exit 9"]);

    expect(done).toMatchObject({ exitCode: 9, stdout: "10002\n", stderr: "wrong\n" });
  });

  it("hands over standard input, and says so of what is not there", async () => {
    const read = await withInput(["exec", "redis", "--", "cat"], "typed");
    const none = await platform.run(["exec", "redis", "--", "no-such-program"]);

    expect(read.stdout).toBe("typed");
    // Engines differ: a shell would say 127, Docker 26 says 126.
    expect([126, 127]).toContain(none.exitCode);
    expect(none.stderr + none.stdout).toContain("not found");
  });

  it("hands Ctrl-C to the program where there is no terminal", async () => {
    const script = "trap 'echo interrupted; exit 7' INT; echo ready >&2; while :; do sleep 0.1; done";
    const running = platform.start(["exec", "redis", "--", "sh", "-c", script]);
    while (!running.stderr().includes("ready")) await new Promise((resolve) => setTimeout(resolve, 20));
    running.process.kill("SIGINT");

    expect(await running.ended).toMatchObject({ exitCode: 7, stdout: "interrupted\n" });
  });

  it("has a terminal of the person's size", async () => {
    const main = new URL("../../src/cli/main.ts", import.meta.url).pathname;
    const words = ["--name", platform.name, "--state-dir", platform.stateDir, "exec", "redis", "--", "stty", "size"];
    const command = `stty rows 33 cols 111; exec ${[process.execPath, main, ...words].join(" ")}`;
    const seen = await runChild("script", ["--quiet", "--return", "--command", command, "/dev/null"], { input: "" });

    expect(seen).toMatchObject({ exitCode: 0 });
    expect(seen.stdout).toContain("33 111");
  });
});

describe("consoles", () => {
  it("psql works as the administrator, as a service, and leaves nothing", async () => {
    const before = await containers();
    const all = await platform.run(["psql", "--", "-At", "-c", "select current_user, current_database()"]);
    const own = await platform.run([
      "psql",
      "csghub_server",
      "--login",
      "csghub_server",
      "--",
      "-At",
      "-c",
      "select current_user",
    ]);
    const wrong = await platform.run(["psql", "--", "-c", "select nothing"]);
    const script = await withInput(["psql", "csghub_server"], "select 40 + 2 as answer;\n");

    expect(all).toMatchObject({ exitCode: 0, stdout: "postgres|postgres\n" });
    expect(own).toMatchObject({ exitCode: 0, stdout: "csghub_server\n" });
    expect(wrong.exitCode).toBe(1);
    expect(script.stdout).toContain("42");
    expect(await containers()).toEqual(before);
  });

  it("no password stands in arguments, environment or definition of what runs", async () => {
    const secrets = ["postgres-admin", "redis", "minio-root"];
    const values = await Promise.all(
      secrets.map(async (name) => (await platform.run(["secrets", "show", name, "--reveal"])).stdout.trim()),
    );
    const running = platform.start(["psql", "--", "-c", "select pg_sleep(600)"]);
    const find = ["ps", "--quiet", "--filter", `label=com.docker.compose.project=${platform.name}`];
    let id = "";
    while (id === "") id = (await platform.docker(...find, "--filter", "label=dev.slipway.role=console")).trim();
    const seen = (await platform.docker("inspect", id)) + (await platform.docker("top", id, "-eo", "pid,args"));
    const status = await platform.json<{ readonly overall: string; readonly foreign: readonly string[] }>(["status"]);
    const again = await platform.json<{ readonly changed: boolean }>(["install"]);
    const still = (await platform.docker(...find, "--filter", `id=${id}`)).trim();
    running.process.kill("SIGTERM");
    await running.ended;

    expect(values.filter((value) => value.length > 8)).toHaveLength(3);
    for (const value of values) expect(seen).not.toContain(value);
    expect(status).toMatchObject({ overall: "healthy", foreign: [] });
    // Somebody works in it: an install that has nothing to change leaves it alone.
    expect([again.changed, still]).toEqual([false, id]);
  });

  it("redis-cli is signed in", async () => {
    const done = await platform.run(["redis-cli", "--", "set", "console", "1"]);
    const many = await withInput(["redis-cli"], "get console\ndel console\n");

    expect(done.stdout).toBe("OK\n");
    expect(many.stdout).toBe("1\n1\n");
  });

  it("s3 carries an object in and out as it was", async () => {
    const bytes = Buffer.alloc(20 * 1024 * 1024 + 5, "slipway");
    await writeFile(join(platform.folder, "up.bin"), bytes);
    const buckets = await platform.run(["s3", "ls"]);
    const bucket = /(\S+)$/m.exec(buckets.stdout)?.[1] ?? "";
    const put = await platform.run(["s3", "put", `${bucket}/console/up.bin`, "up.bin"]);
    const cp = await platform.run(["s3", "cp", `${bucket}/console/up.bin`, `${bucket}/console/copy.bin`]);
    const get = await platform.run(["s3", "get", `${bucket}/console/copy.bin`, "down.bin"]);
    const listed = await platform.run(["s3", "ls", `${bucket}/console/`, "--json"]);
    const none = await platform.run(["s3", "cat", `${bucket}/console/none`]);

    expect([buckets, put, cp, get, listed].map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0, 0]);
    expect((await readFile(join(platform.folder, "down.bin"))).equals(bytes)).toBe(true);
    expect(listed.stdout.trimEnd().split("\n")).toHaveLength(2);
    expect(none).toMatchObject({ exitCode: 6 });
    expect(none.stderr).toContain("NoSuchKey");
    for (const name of ["up", "copy"]) await platform.run(["s3", "rm", `${bucket}/console/${name}.bin`]);
  });

  it("say what is stopped", async () => {
    await platform.run(["stop", "redis"]);
    const refused = await platform.run(["redis-cli", "--", "ping"]);
    await platform.run(["start", "redis"]);

    expect(refused.exitCode).toBe(4);
    expect(refused.stderr).toContain("start redis");
  });
});
