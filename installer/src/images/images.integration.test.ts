import { mkdtemp, readdir, rm } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createExec } from "../platform/exec.ts";
import { createFileSystem } from "../platform/file-system.ts";
import { ownReference } from "./build-plan.ts";
import { parseCatalogue } from "./catalogue.ts";
import { generatedImagesPath, type ImageReference } from "./image-references.ts";
import { computeImageTags } from "./image-tags.ts";
import { mirrorHosts, readMachineConfiguration } from "./mirrors.ts";

/** The user every image runs as: fixed numbers, which the owners of files and volumes depend on. */
const users: Readonly<Record<string, number>> = {
  postgres: 10001,
  valkey: 10002,
  minio: 10003,
  nats: 10004,
  gitaly: 10005,
  "gitlab-shell": 10005,
  registry: 10007,
  temporal: 10008,
  gateway: 10010,
  toolbox: 10011,
  "temporal-ui": 10013,
};

const root = new URL("../../../", import.meta.url).pathname;
const table = JSON.parse(readFileSync(join(root, generatedImagesPath), "utf8")) as {
  readonly images: Readonly<Record<string, ImageReference>>;
};
const built = Object.entries(table.images)
  .filter(([, image]) => image.kind === "built")
  .map(([name, image]) => [name, image.reference] as const);
const exec = createExec(process.env);

async function docker(...args: readonly string[]): Promise<{ exitCode: number; output: string }> {
  const { exitCode, stdout, stderr } = await exec.run("docker", args, { allowFailure: true, timeoutMs: 120_000 });
  return { exitCode, output: stdout + stderr };
}

interface Inspected {
  readonly Config: {
    readonly User: string;
    readonly Env: readonly string[];
    readonly Entrypoint: readonly string[];
    readonly Labels: Readonly<Record<string, string>>;
    readonly Volumes?: Readonly<Record<string, unknown>> | null;
  };
}

beforeAll(async () => {
  const missing: string[] = [];
  for (const [, reference] of built) {
    if ((await docker("image", "inspect", "--format", "{{.Id}}", reference)).exitCode !== 0) missing.push(reference);
  }
  if (missing.length > 0) throw new Error(`run \`slipway images build\` first; missing: ${missing.join(", ")}`);
});

describe.each(built)("image %s", (name, reference) => {
  test("runs as its fixed user, starts a program and no shell, and declares no volume", async () => {
    const inspected = JSON.parse((await docker("image", "inspect", reference)).output) as readonly Inspected[];
    const config = inspected[0]?.Config;

    expect(config?.User).toBe(`${users[name]}:${users[name]}`);
    expect(config?.Entrypoint[0]).not.toMatch(/(?:^|\/)(?:ba|da)?sh$|\.sh$/);
    expect(Object.keys(config?.Volumes ?? {})).toEqual([]);
    expect(config?.Labels).toMatchObject({
      "org.opencontainers.image.title": expect.stringMatching(/\w/) as string,
      "org.opencontainers.image.version": expect.stringMatching(/\w/) as string,
      "org.opencontainers.image.licenses": expect.stringMatching(/\w/) as string,
      "org.opencontainers.image.revision": reference.split(":").at(-1),
    });
  });

  test("has the health probe, which works on a read-only root without any privilege", async () => {
    const locked = [
      "--rm",
      "--read-only",
      "--cap-drop",
      "ALL",
      "--security-opt",
      "no-new-privileges",
      "--network",
      "none",
    ];

    const { exitCode, output } = await docker(
      "run",
      ...locked,
      "--entrypoint",
      "probe",
      reference,
      "tcp",
      "127.0.0.1:1",
    );

    expect(output).toContain("connection refused");
    expect(exitCode).toBe(1);
  });
});

describe("what is left out of the compiled services", () => {
  test.each([
    [
      "registry",
      "registry",
      /^(?:cloud\.google\.com\/|github\.com\/Azure\/azure-sdk-for-go\/|github\.com\/redis\/|go\.opentelemetry\.io\/contrib\/exporters\/)/m,
    ],
    [
      "temporal",
      "temporal-server",
      /^(?:modernc\.org\/sqlite|cloud\.google\.com\/go\/storage|github\.com\/go-sql-driver\/mysql|go\.uber\.org\/mock) /m,
    ],
    ["toolbox", "temporal-sql-tool", /^(?:modernc\.org\/sqlite|github\.com\/go-sql-driver\/mysql) /m],
    [
      "minio",
      "minio",
      /^(?:github\.com\/minio\/console|github\.com\/elastic\/|cloud\.google\.com\/go\/storage|github\.com\/Azure\/azure-sdk-for-go\/)/m,
    ],
  ])("%s links none of it, and carries the rules beside the list of what it links", async (image, program, leftOut) => {
    const reference = table.images[image]?.reference ?? "";
    const read = (file: string) =>
      docker("run", "--rm", "--network", "none", "--entrypoint", "cat", reference, `/usr/share/doc/${program}/${file}`);

    const modules = await read("modules.txt");
    const rules = await read("left-out.txt");

    // The program itself is named by the released version that was changed.
    expect(modules.output).toMatch(/^\S+ v\d\S+( \(no licence file in the module\))?\n/);
    expect(modules.output).not.toMatch(leftOut);
    expect(rules.output).toMatch(/^# [^]*Left out: [^]*Changed by the Slipway\b[^]*\nfile \S+\.go\n {2}drop import /);
  });

  test("gitaly links none of it, and carries the rules beside the list of packages it was built from", async () => {
    const reference = table.images["gitaly"]?.reference ?? "";
    const inImage = (...command: string[]) =>
      docker("run", "--rm", "--network", "none", "--entrypoint", command[0] ?? "", reference, ...command.slice(1));

    const rules = await inImage("cat", "/usr/share/doc/gitaly/left-out.txt");
    // Names of packages stay in a program without symbols, for its traces.
    const linked = await inImage(
      "grep",
      "-aoE",
      "(badger|go-enry|go-license-detector|stretchr/testify|lightstep)/",
      "/usr/local/bin/gitaly",
    );

    expect(new Set(linked.output.split("\n").filter((line) => line !== ""))).toEqual(new Set(["badger/"]));
    expect(rules.output).toMatch(
      /^# Left out of Gitaly [^]*Changed by the Slipway\b[^]*\nfile \S+\.go\n {2}drop import /,
    );
  });
});

describe("our own programs in Go", () => {
  let goBuilder = "";

  beforeAll(async () => {
    const catalogue = parseCatalogue(readFileSync(join(root, "images/catalogue.yaml"), "utf8"));
    goBuilder = ownReference(catalogue, await computeImageTags(root), "go-builder");
    await exec.run(process.execPath, [join(root, "installer/src/cli/main.ts"), "images", "build", "go-builder"], {
      timeoutMs: 600_000,
    });
  }, 600_000);

  /** Runs tests as a build: once for each change of the program or of Go; after that the engine's build cache answers. */
  async function buildTests(args: readonly string[], stdin = ""): Promise<{ exitCode: number; stderr: string }> {
    const options = { allowFailure: true, timeoutMs: 600_000, env: { DOCKER_BUILDKIT: "1" }, stdin };
    return await exec.run("docker", ["build", "--progress=plain", ...args], options);
  }

  test("the health probe passes its own tests", async () => {
    const args = ["--build-arg", `GO_BUILDER=${goBuilder}`, "--build-arg", `ROOT=${goBuilder}`];
    const built = await buildTests(["--target", "probe-test", ...args, join(root, "images/base")]);

    expect(built.exitCode, built.stderr).toBe(0);
  }, 600_000);

  test("go-prune, which leaves parts of source out, passes its own tests", async () => {
    const dockerfile = [
      `FROM ${goBuilder}`,
      "RUN --mount=type=cache,id=slipway-go-cache,target=/go/cache cd /usr/src/prune && go vet ./... && go test ./...",
    ];
    const built = await buildTests(["-"], dockerfile.join("\n"));

    expect(built.exitCode, built.stderr).toBe(0);
  }, 600_000);
});

describe("mirrors of this machine", () => {
  let hosts: readonly string[] = [];
  let folder = "";

  beforeAll(async () => {
    hosts = mirrorHosts(await readMachineConfiguration({ exec, files: createFileSystem(), environment: process.env }));
    folder = await mkdtemp(join(tmpdir(), "slipway-layers-"));
  });
  afterAll(async () => rm(folder, { recursive: true, force: true }));

  test("are in no image's history or configuration", async () => {
    expect(hosts.length).toBeGreaterThan(0);
    for (const [, reference] of built) {
      const history = await docker("history", "--no-trunc", "--format", "{{.CreatedBy}} {{.Comment}}", reference);
      const configuration = await docker("image", "inspect", reference);

      const found = hosts.filter((host) => `${history.output}\n${configuration.output}`.includes(host));
      expect(found, reference).toEqual([]);
    }
  });

  test("are in no layer's apt or Go configuration", async () => {
    // All at once: the layers they share are written once.
    const references = built.map(([, reference]) => reference);
    const archive = join(folder, "images.tar");
    await exec.run("docker", ["save", "--output", archive, ...references], { timeoutMs: 150_000 });
    await exec.run("tar", ["--extract", "--file", archive, "--directory", folder]);
    await rm(archive);
    const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    let searched = 0;
    for (const file of files) {
      const layer = join(file.parentPath, file.name);
      const paths = ["etc/apt", "root", "run", "usr/local/go/go.env"].flatMap((path) => [path, `${path}/*`]);
      const { exitCode, stdout } = await exec.run(
        "tar",
        ["--extract", "--to-stdout", "--file", layer, "--wildcards", ...paths],
        { allowFailure: true },
      );
      if (stdout === "" && exitCode !== 0) continue;
      searched += 1;
      expect(
        hosts.filter((host) => stdout.includes(host)),
        layer,
      ).toEqual([]);
    }
    // The base's own apt settings at least were read: the search sees something.
    expect(searched).toBeGreaterThan(0);
  });
});

describe("postgres-initialise", () => {
  const image = table.images["postgres"]?.reference ?? "";
  const volume = `slipway-test-initialise-${process.pid}`;
  const data = "/var/lib/postgresql/data";

  /** Runs a shell script as the database's user on the volume; the password lies in /tmp/password. */
  async function on(script: string, name?: string): Promise<{ exitCode: number; output: string }> {
    const locked = [
      "--rm",
      "--read-only",
      "--cap-drop",
      "ALL",
      "--network",
      "none",
      "--tmpfs",
      "/tmp",
      "--tmpfs",
      "/run/postgresql:uid=10001",
    ];
    const named = name === undefined ? [] : ["--name", name];
    const prepare = "exec 2>&1; printf 'pass word' >/tmp/password";
    const command = `${prepare}; ${script}`;
    return await docker(
      "run",
      ...locked,
      ...named,
      "-v",
      `${volume}:${data}`,
      "--entrypoint",
      "sh",
      image,
      "-c",
      command,
    );
  }
  const initialise = "postgres-initialise /tmp/password";
  /** Answers with the settings a fresh cluster must have, in single-user mode. */
  const settings = `printf 'show data_checksums\\nselect datlocprovider, datlocale from pg_database where datname = current_database()\\n' | postgres --single -D ${data} postgres`;

  async function empty(): Promise<void> {
    await docker("volume", "rm", "--force", volume);
    await docker("volume", "create", volume);
  }
  afterAll(async () => {
    await docker("volume", "rm", "--force", volume);
  });

  test("makes a cluster with checksums and the built-in collation, once", async () => {
    await empty();

    const first = await on(initialise);
    const second = await on(
      `stat -c %Y.%i ${data}/PG_VERSION; ${initialise}; stat -c %Y.%i ${data}/PG_VERSION; ls -A ${data}`,
    );
    const answers = await on(settings);

    expect(first).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining("initialised: PostgreSQL 17") as string,
    });
    expect(second.output).toContain("already initialised");
    const [before, after] = second.output.match(/^\d+\.\d+$/gm) ?? [];
    expect(before).toBeDefined();
    expect(after).toBe(before);
    expect(second.output).not.toMatch(/\.(?:initialising|placing)/);
    expect(answers.output).toContain('data_checksums = "on"');
    expect(answers.output).toContain('datlocale = "C.UTF-8"');
  });

  test("refuses a directory with something else in it and leaves it alone", async () => {
    await empty();

    const refused = await on(
      `echo mine >${data}/notes; ${initialise}; echo "exit $?"; cat ${data}/notes; ls -A ${data}`,
    );

    expect(refused.output).toContain("holds 'notes' but no PG_VERSION");
    expect(refused.output).toMatch(/exit 3\nmine\nnotes\n$/);
  });

  test("refuses a damaged cluster whose version file is gone", async () => {
    await empty();

    const refused = await on(`mkdir ${data}/base; ${initialise}; echo "exit $?"`);

    expect(refused.output).toContain("exit 3");
  });

  test("refuses an empty password", async () => {
    await empty();

    const refused = await on(`: >/tmp/password; ${initialise}; echo "exit $?"; ls -A ${data}`);

    expect(refused.output).toMatch(/password file \/tmp\/password is empty\nexit 2\n$/);
  });

  test("starts again after a kill while the cluster is made", async () => {
    await empty();
    const name = `${volume}-killed`;

    const killed = on(initialise, name);
    for (let attempt = 0; attempt < 100; attempt += 1) {
      if ((await docker("exec", name, "test", "-e", `${data}/.initialising/base`)).exitCode === 0) break;
    }
    await docker("kill", "--signal", "KILL", name);
    expect((await killed).exitCode).toBe(137);
    const left = await on(`ls -A ${data}`);
    const rerun = await on(initialise);

    expect(left.output).toMatch(/\.(?:initialising|placing)/);
    expect(rerun).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining("initialised: PostgreSQL 17") as string,
    });
    expect((await on(settings)).output).toContain('data_checksums = "on"');
  });

  test.each([
    ["before anything was moved", "true"],
    ["half way through the move", "mv .placing/base .placing/global .placing/pg_wal ."],
    ["with only the version file left", "for f in .placing/*; do case $f in */PG_VERSION) ;; *) mv $f .;; esac; done"],
    ["before the empty folder was removed", "mv .placing/* ."],
  ])("completes the move into place when it was killed %s", async (_, move) => {
    await empty();
    const undo = `mkdir ${data}/.x && cd ${data} && mv * .x/ && mv .x .placing`;

    const rerun = await on(`${initialise} && (${undo} && ${move}) && ${initialise} && ls -A ${data}`);

    expect(rerun.exitCode).toBe(0);
    expect(rerun.output).not.toMatch(/^\.placing$/m);
    expect((await on(settings)).output).toContain('data_checksums = "on"');
  });
});
