import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import pg from "pg";
import type { BackupRepository } from "../../../toolbox/src/contract.generated.ts";
import { secretsOf } from "../../../toolbox/src/redact.ts";
import { readImageTable } from "../../src/actions/desired/load-plan.ts";
import { openAssets } from "../../src/cli/assets.ts";
import { type ChildResult, mustRun, runChild } from "../support/child.ts";
import type { Call, Calls, Outcome } from "./backup-inside.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** The user of the platform's PostgreSQL server, whose data directory is restored. */
const serverUser = "10001:10001";

export interface InsideOptions {
  /** A directory, or a repository elsewhere. */
  readonly repository?: string | BackupRepository;
  readonly patience?: Calls["patience"];
  readonly password?: string;
  readonly deadHosts?: readonly string[];
  /** Host name of the container. */
  readonly host?: string;
  readonly user?: string;
  /** A shell script that stands before restic. */
  readonly resticFirst?: string;
}

/** PostgreSQL servers and toolboxes in containers of their own, and volumes that all of them see. */
export interface BackupWorld {
  readonly name: string;
  /** Starts a server that the others know by this name; words stand before and behind its image. */
  runServer(alias: string, image: string, before: readonly string[], behind: readonly string[]): Promise<string>;
  /** What the calls gave, each after the other in one toolbox. */
  inside(calls: readonly Call[], options?: InsideOptions): Promise<Outcome>;
  /** The same without an error. */
  results(calls: readonly Call[], options?: InsideOptions): Promise<readonly unknown[]>;
  /** Starts the calls in a container that can be killed, and tells its name. */
  start(calls: readonly Call[], options?: InsideOptions): Promise<string>;
  /** Runs a shell line as root, with everything mounted; its output. */
  shell(line: string): Promise<string>;
  /** Starts a server on a folder of `/staging`, made first where it is empty. */
  serve(service: string, folder: string, options?: { readonly make?: boolean }): Promise<pg.Client>;
  connect(service: string, user: string, password: string, database?: string): Promise<pg.Client>;
  /** Writes pg_hba.conf anew and lets a server read it. */
  allow(service: string, lines: string): Promise<void>;
  docker(...words: readonly string[]): Promise<ChildResult>;
  dispose(): Promise<void>;
}

export const serverPassword = "p:a\\ss'word";
export const repositoryPassword = "the first key";

const settings = `listen_addresses = '*'
unix_socket_directories = '/run/postgresql'
hba_file = '/etc/postgresql/pg_hba.conf'
shared_buffers = 64MB
shared_preload_libraries = 'timescaledb'
timescaledb.telemetry_level = off
password_encryption = scram-sha-256
wal_level = replica
`;

export const everybody = `host all all all scram-sha-256\nhost replication all all scram-sha-256\n`;

/** The image of the catalogue, or else the newest one of its name: only the programs in it count here. */
export async function imageOf(name: string): Promise<string> {
  const reference = readImageTable(openAssets())[name]?.reference ?? "";
  const { exitCode } = await runChild("docker", ["image", "inspect", reference]);
  if (exitCode === 0) return reference;
  const [repository] = reference.split(":");
  const found = await mustRun("docker", ["images", "--format", "{{.Repository}}:{{.Tag}}", repository ?? name]);
  const newest = found.split("\n")[0];
  if (newest === undefined || newest === "") throw new RangeError(`this engine has no image ${repository ?? name}`);
  return newest;
}

export async function openBackupWorld(): Promise<BackupWorld> {
  const name = `backup-test-${randomBytes(4).toString("hex")}`;
  const folder = await mkdtemp(join(tmpdir(), `${name}-`));
  const [toolbox, postgres] = [await imageOf("toolbox"), await imageOf("postgres")];
  await bundleInside("backup-inside.ts", join(folder, "inside.cjs"));
  await writeFile(join(folder, "postgresql.conf"), settings);
  await writeFile(join(folder, "pg_hba.conf"), everybody);
  await writeFile(join(folder, "password"), serverPassword);
  const docker = (...words: readonly string[]): Promise<ChildResult> => runChild("docker", words);
  await mustRun("docker", ["network", "create", "--label", `test=${name}`, name]);
  await mustRun("docker", ["volume", "create", "--label", `test=${name}`, name]);
  const common = ["--label", `test=${name}`, "--network", name, "-v", `${name}:/staging`];
  const shell = (line: string): Promise<string> =>
    mustRun("docker", ["run", "--rm", ...common, "--user", "0", "--entrypoint", "bash", toolbox, "-ec", line]);
  await shell(`chown ${serverUser} /staging; install -d -o 10001 -g 10001 -m 0700 /staging/repository`);

  const words = async (options: InsideOptions): Promise<readonly string[]> => {
    const first = "/first";
    if (options.resticFirst !== undefined) {
      const script = `#!/bin/sh\n${options.resticFirst}\nexec /usr/bin/restic "$@"\n`;
      await writeFile(join(folder, "restic"), script, { mode: 0o755 });
    }
    return [
      ...[...common, "--read-only", "--cap-drop", "ALL", "--tmpfs", "/tmp:size=512m,mode=1777"],
      ...["--user", options.user ?? serverUser, ...(options.host === undefined ? [] : ["--hostname", options.host])],
      ...["-v", `${folder}/inside.cjs:/inside.cjs:ro`],
      ...(options.resticFirst === undefined
        ? []
        : ["-v", `${folder}/restic:${first}/restic:ro`, "-e", `PATH=${first}:${imagePath}`]),
      ...["--entrypoint", "tini", toolbox, "--", "node", "/inside.cjs"],
    ];
  };
  const repositoryOf = ({ repository = "/staging/repository", password = repositoryPassword }: InsideOptions) =>
    typeof repository === "string" ? { kind: "directory" as const, path: repository, password } : repository;
  const input = (calls: readonly Call[], options: InsideOptions): string =>
    JSON.stringify({
      repository: repositoryOf(options),
      ...(options.patience && { patience: options.patience }),
      deadHosts: options.deadHosts ?? [],
      calls,
    } satisfies Calls);
  const inside = async (calls: readonly Call[], options: InsideOptions = {}): Promise<Outcome> => {
    const run = ["run", "--rm", "-i", ...(await words(options))];
    const { stdout, stderr, exitCode } = await runChild("docker", run, { input: input(calls, options) });
    for (const secret of [serverPassword, repositoryPassword, ...secretsOf(repositoryOf(options))]) {
      if ((stdout + stderr).includes(secret)) throw new Error(`a secret is in the output: ${stdout}${stderr}`);
    }
    if (exitCode !== 0) throw new Error(`ended with ${exitCode ?? "a signal"}: ${stderr}${stdout}`);
    return JSON.parse(stdout) as Outcome;
  };
  const connect = async (
    service: string,
    user: string,
    password: string,
    database = "postgres",
  ): Promise<pg.Client> => {
    const port = Number((await mustRun("docker", ["port", `${name}-${service}`, "5432"])).trim().split(":").at(-1));
    return await connected({ host: "127.0.0.1", port, user, password, database });
  };
  return {
    ...{ name, inside, shell, connect, docker },
    runServer: async (alias, image, before, behind) => {
      const container = `${name}-${alias}`;
      const place = ["--name", container, "--network-alias", alias, ...common, ...before];
      await mustRun("docker", ["run", "-d", ...place, await imageOf(image), ...behind]);
      return container;
    },
    results: async (calls, options) => {
      const { results, error } = await inside(calls, options);
      if (error !== undefined) throw new Error(`${error.name}: ${error.message}`);
      return results;
    },
    start: async (calls, options = {}) => {
      const container = `${name}-${randomBytes(3).toString("hex")}`;
      await mustRun("docker", ["create", "-i", "--name", container, ...(await words(options))]);
      // Attached only to hand over its calls; the container lives on its own.
      void runChild("docker", ["start", "-ai", container], { input: input(calls, options) });
      return container;
    },
    serve: async (service, data, { make = false } = {}) => {
      const conf = ["postgresql.conf", "pg_hba.conf"].flatMap((file) => [
        "-v",
        `${folder}/${file}:/etc/postgresql/${file}:ro`,
      ]);
      const place = [...common, "-e", `PGDATA=${data}`, ...conf, "-v", `${folder}/password:/password:ro`];
      if (make) {
        await shell(`install -d -o 10001 -g 10001 -m 0700 ${data}`);
        await mustRun("docker", [
          "run",
          "--rm",
          ...place,
          "--entrypoint",
          "postgres-initialise",
          postgres,
          "/password",
        ]);
      }
      const server = ["--name", `${name}-${service}`, "--network-alias", service, "-p", "127.0.0.1::5432"];
      const command = ["-D", data, "-c", "config_file=/etc/postgresql/postgresql.conf"];
      await mustRun("docker", ["run", "-d", ...server, ...place, postgres, ...command]);
      return await connect(service, "postgres", serverPassword);
    },
    allow: async (service, lines) => {
      await writeFile(join(folder, "pg_hba.conf"), lines);
      await mustRun("docker", ["kill", "-s", "HUP", `${name}-${service}`]);
      await new Promise((wake) => setTimeout(wake, 500));
    },
    dispose: async () => {
      const containers = await mustRun("docker", ["ps", "-aq", "--filter", `label=test=${name}`]);
      const ids = containers.split("\n").filter((id) => id !== "");
      if (ids.length > 0) await runChild("docker", ["rm", "-f", "-v", ...ids]);
      await runChild("docker", ["volume", "rm", name]);
      await runChild("docker", ["network", "rm", name]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const imagePath = "/usr/lib/postgresql/17/bin:/usr/local/bin:/usr/bin:/bin";

/** Makes one file of a program of this folder that runs inside the toolbox image. */
export async function bundleInside(program: string, outfile: string): Promise<void> {
  await build({
    ...{ absWorkingDir: root, entryPoints: [`installer/test/integration/${program}`], outfile, bundle: true },
    ...{ platform: "node", format: "cjs", target: "node24", external: ["*.node", "pg-native"], logLevel: "silent" },
    define: { "import.meta.url": "__moduleUrl" },
    banner: { js: "const __moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
  });
}

async function connected(config: pg.ClientConfig): Promise<pg.Client> {
  for (let tries = 0; ; tries += 1) {
    const client = new pg.Client(config);
    client.on("error", () => undefined);
    try {
      await client.connect();
      return client;
    } catch (error) {
      // A wrong password stays wrong; everything else is a server that is not ready.
      if (tries > 300 || (error as { readonly code?: string }).code === "28P01") throw error;
      await new Promise((wake) => setTimeout(wake, 100));
    }
  }
}
