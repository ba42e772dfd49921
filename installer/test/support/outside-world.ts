import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { redisUserLine } from "../../../toolbox/src/remedies.ts";
import { bcryptHash } from "../../src/execute/secrets/generate.ts";
import { openAssets } from "../../src/cli/assets.ts";
import { readImageTable } from "../../src/actions/desired/load-plan.ts";
import { ensureCasdoorStandIn } from "../stand-ins/casdoor/image.ts";
import { platformConfiguration } from "../stand-ins/casdoor/testing/platform-configuration.ts";
import { mustRun, runChild } from "./child.ts";
import { issueCertificate } from "./issue-certificate.ts";

/** A password that stumbles over every way of writing one down. */
export const oddPassword = `p@s:s/w?o#r%d$"'\\ü`;

/** The same without the apostrophe, which a key of an object store may not have. */
const oddKey = oddPassword.replace("'", "");

/** Of the cache's own administrator. */
const cachePassword = "outside-root";

export const bucketNames = ["server", "portal", "portal-public", "registry", "runner"].map((name) => `csghub-${name}`);

/**
 * Second instances of everything that the hub stands on, in a network of their own, with certificates of an authority of their own: `db`,
 * `cache`, `s3` (by virtual host), `images`, `repos` and `login`.
 */
export interface OutsideWorld {
  readonly folder: string;
  /** Values that name all of them. */
  readonly values: string;
  /** Runs SQL as the superuser. */
  sql(statement: string, database?: string): Promise<string>;
  /** Runs a command of the cache's own client as its administrator. */
  cache(...words: readonly string[]): Promise<string>;
  /** Runs a job of the toolbox from where the platform is; what it printed. */
  job(document: object): Promise<string>;
  /** Makes buckets, and a key that may use some of them. */
  buckets(names: readonly string[], allowed: readonly string[]): Promise<void>;
  /** Runs a program as root in one of them. */
  inside(service: string, ...command: readonly string[]): Promise<string>;
  /** Lets the registry's user in with this password alone. */
  registryPassword(password: string): Promise<void>;
  dispose(): Promise<void>;
}

export interface OutsidePlace {
  /** Begins every name. */
  readonly name: string;
  readonly folder: string;
  /** The network that they are in. */
  readonly network: string;
  readonly domain: string;
  /** How the platform is reached, as `--set` takes it. */
  readonly ports: readonly string[];
}

function imageOf(name: string): string {
  const reference = readImageTable(openAssets())[name]?.reference;
  if (reference === undefined) throw new RangeError(`there is no image ${name}`);
  return reference;
}

interface Started {
  readonly service: string;
  readonly image: string;
  readonly aliases?: readonly string[];
  readonly options?: readonly string[];
  readonly command: readonly string[];
}

/** Starts all of them and waits until they answer. */
export async function startOutsideWorld(place: OutsidePlace): Promise<OutsideWorld> {
  const { name, network } = place;
  const folder = join(place.folder, "outside");
  await mkdir(folder);
  await writeFiles(folder, [`domain=${place.domain}`, ...place.ports]);
  const containers: string[] = [];
  const start = async ({ service, image, aliases = [], options = [], command }: Started): Promise<void> => {
    const container = `${name}-outside-${service}`;
    containers.push(container);
    const names = [service, ...aliases].flatMap((alias) => ["--network-alias", alias]);
    const common = ["run", "--detach", "--name", container, "--network", network, "--volume", `${folder}:/outside:ro`];
    await mustRun("docker", [...common, ...names, ...options, image, ...command]);
  };
  const inside = (service: string, ...command: readonly string[]): Promise<string> =>
    mustRun("docker", ["exec", "--user", "0", `${name}-outside-${service}`, ...command]);
  const psql = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "-h", "/tmp", "-U", "postgres"];
  const job = async (document: object): Promise<string> => {
    await writeFile(join(folder, "job.json"), JSON.stringify(document), { mode: 0o644 });
    const once = ["run", "--rm", "--network", network, "--volume", `${folder}:/outside:ro`, "--tmpfs", "/tmp"];
    return mustRun("docker", [...once, imageOf("toolbox"), "run", "/outside/job.json"]);
  };
  const world: OutsideWorld = {
    folder,
    values: valuesOf(folder, place.domain),
    inside,
    sql: (statement, database = "postgres") =>
      mustRun("docker", ["exec", `${name}-outside-db`, ...psql, "-d", database, "-c", statement]),
    cache: (...words) =>
      inside("cache", "valkey-cli", "-s", "/tmp/valkey.sock", "--no-auth-warning", "-a", cachePassword, ...words),
    job,
    buckets: async (names, allowed) => {
      await job(bucketsDocument(names, allowed));
    },
    registryPassword: async (password) => {
      await writeFile(join(folder, "htpasswd"), await bcryptHash(password, "hub"), { mode: 0o644 });
    },
    dispose: async () => {
      for (const container of containers) await runChild("docker", ["rm", "--force", "--volumes", container]);
    },
  };
  try {
    await world.registryPassword(oddPassword);
    await startStores(start);
    await waitFor(() => world.sql("select 1"));
    await world.sql(`create role platform login createrole createdb password ${literal(oddPassword)}`);
    await world.sql("create database casdoor owner platform");
    await waitFor(() => world.cache(...redisUserLine("hub").split(" "), `>${oddPassword}`));
    await waitFor(() => world.buckets(bucketNames, bucketNames));
    await start({
      service: "login",
      image: await ensureCasdoorStandIn(),
      options: ["--tmpfs", "/tmp", "--volume", `${folder}/conf:/conf:ro`],
      command: [],
    });
    await waitFor(() => inside("login", "curl", "-fsS", "http://127.0.0.1:8000/api/health"));
    return world;
  } catch (error) {
    await world.dispose();
    throw error;
  }
}

async function startStores(start: (what: Started) => Promise<void>): Promise<void> {
  await start({
    service: "db",
    image: imageOf("postgres"),
    options: ["--entrypoint", "sh", "--tmpfs", "/tmp:exec,mode=1777"],
    command: [
      "-ec",
      `cp /outside/server.key /tmp/server.key
chmod 600 /tmp/server.key
initdb -D /tmp/data -A scram-sha-256 --pwfile=/outside/superuser -U postgres --no-sync --locale=C.UTF-8 >/dev/null
printf 'local all all trust\\nhostssl all all all scram-sha-256\\n' >/tmp/data/pg_hba.conf
exec postgres -D /tmp/data -c listen_addresses='*' -c unix_socket_directories=/tmp -c fsync=off -c max_connections=200 \\
  -c ssl=on -c ssl_cert_file=/outside/server.crt -c ssl_key_file=/tmp/server.key`,
    ],
  });
  await start({
    service: "cache",
    image: imageOf("valkey"),
    options: ["--entrypoint", "valkey-server", "--tmpfs", "/tmp:mode=1777"],
    command: ["/outside/valkey.conf"],
  });
  await start({
    service: "s3",
    image: imageOf("minio"),
    aliases: bucketNames.map((bucket) => `${bucket}.s3`),
    options: [
      "--tmpfs",
      "/data:uid=10003,gid=10003,mode=0700",
      "--tmpfs",
      "/tmp:mode=1777",
      "--env",
      "MINIO_DOMAIN=s3",
      "--env",
      "MINIO_REGION=cn-north-1",
      "--env",
      "MINIO_ROOT_USER_FILE=/outside/superuser-name",
      "--env",
      "MINIO_ROOT_PASSWORD_FILE=/outside/superuser",
    ],
    command: ["server", "/data", "--address", ":9000", "--certs-dir", "/outside/certs"],
  });
  await start({
    service: "images",
    image: imageOf("registry"),
    options: ["--tmpfs", "/tmp:mode=1777"],
    command: ["serve", "/outside/registry.json"],
  });
  await start({
    service: "repos",
    image: imageOf("gitaly"),
    options: [
      "--tmpfs",
      "/tmp:mode=1777",
      "--tmpfs",
      "/data:uid=10005,mode=0700",
      "--tmpfs",
      "/run/gitaly:exec,uid=10005,mode=0700",
    ],
    command: ["serve", "/outside/gitaly.toml"],
  });
}

async function writeFiles(folder: string, sets: readonly string[]): Promise<void> {
  const authority = await issueCertificate({ commonName: "Authority of others", authority: true });
  const names = ["db", "cache", "s3", "images", ...bucketNames.map((bucket) => `${bucket}.s3`)];
  const server = await issueCertificate({ commonName: "services", names, issuer: authority });
  const { appConf, initData } = platformConfiguration(6379, sets);
  const certificate = (JSON.parse(initData) as { readonly certs: readonly { readonly certificate: string }[] })
    .certs[0];
  const put = async (path: string, text: string): Promise<void> => {
    await writeFile(join(folder, path), text, { mode: 0o644 });
  };
  for (const sub of ["certs", "conf"]) await mkdir(join(folder, sub));
  await put("ca.crt", authority.pem);
  await put("server.crt", server.pem);
  await put("server.key", server.key);
  await put("certs/public.crt", server.pem);
  await put("certs/private.key", server.key);
  await put("superuser", oddKey);
  await put("superuser-name", "outside-root");
  await put("password", oddPassword);
  await put("key", oddKey);
  await put("casdoor.crt", certificate?.certificate ?? "");
  await put("valkey.conf", valkeyConf);
  await put("registry.json", JSON.stringify(registrySettings));
  await put("gitaly.toml", gitalySettings);
  await put("conf/app.conf", casdoorSettings(appConf));
  // The platform's own ids have blanks, for other tests.
  await put("conf/init_data.json", initData.replace(String.raw`casdoor-csghub-id, \"quoted\"`, "hub-client"));
  await chmod(folder, 0o755);
}

function literal(text: string): string {
  return `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}

const valkeyConf = `port 0
tls-port 6380
tls-cert-file /outside/server.crt
tls-key-file /outside/server.key
tls-ca-cert-file /outside/ca.crt
tls-auth-clients no
unixsocket /tmp/valkey.sock
unixsocketperm 777
save ""
protected-mode no
user default on >${cachePassword} ~* &* +@all
`;

const registrySettings = {
  version: 0.1,
  log: { level: "warn" },
  storage: { filesystem: { rootdirectory: "/tmp/registry" }, delete: { enabled: true } },
  auth: { htpasswd: { realm: "outside", path: "/outside/htpasswd" } },
  http: { addr: ":5000", tls: { certificate: "/outside/server.crt", key: "/outside/server.key" } },
};

const gitalySettings = `listen_addr = "0.0.0.0:8075"
bin_dir = "/usr/local/bin"
runtime_dir = "/run/gitaly"
[git]
use_bundled_binaries = false
bin_path = "/usr/bin/git"
[[storage]]
name = "default"
path = "/data"
[auth]
token = ${JSON.stringify(oddPassword)}
[gitlab]
url = "http://csghub-server:8080"
secret = "outside"
[gitlab-shell]
dir = "/usr/local/bin"
`;

function casdoorSettings(appConf: string): string {
  return appConf
    .replace(
      /^dataSourceName = .*$/m,
      `dataSourceName = postgres://platform:${encodeURIComponent(oddPassword).replaceAll("'", "%27")}@db:5432/casdoor?sslmode=require`,
    )
    .replace(/^redisEndpoint = .*$/m, "redisEndpoint =")
    .replace(/^origin = .*$/m, "origin = http://login:8000");
}

function bucketsDocument(names: readonly string[], allowed: readonly string[]): object {
  return {
    kind: "s3-buckets",
    endpoint: "https://s3:9000",
    region: "cn-north-1",
    flavour: "minio",
    caFile: "/outside/ca.crt",
    admin: { accessKey: "outside-root", secretKey: oddKey },
    buckets: names.map((name) => ({
      name,
      versioning: false,
      access: name.endsWith("-public") ? "public-read" : "private",
    })),
    users: [{ accessKey: "platform", secretKey: oddKey, buckets: allowed }],
  };
}

function valuesOf(folder: string, domain: string): string {
  return `domain: ${domain}
tls: { trustedCaFile: ${folder}/ca.crt }
postgres:
  mode: external
  external: { host: db, adminUser: platform, adminPasswordFile: ${folder}/password, sslMode: verify-full, caFile: ${folder}/ca.crt }
redis:
  mode: external
  external: { host: cache, port: 6380, user: hub, passwordFile: ${folder}/password, tls: true, caFile: ${folder}/ca.crt }
objectStore:
  mode: external
  external:
    endpoint: https://s3:9000
    accessKey: platform
    secretKeyFile: ${folder}/key
    addressing: virtual-host
    createBuckets: false
registry:
  mode: external
  external: { url: "https://images:5000", user: hub, passwordFile: ${folder}/password }
gitaly:
  mode: external
  external: { host: repos, tokenFile: ${folder}/password }
casdoor:
  mode: external
  external:
    url: http://login:8000
    clientId: hub-client
    clientSecret: 'casdoor-csghub-secret, "quoted"'
    certificateFile: ${folder}/casdoor.crt
`;
}

/** Again and again, for a minute. */
async function waitFor(attempt: () => Promise<unknown>): Promise<void> {
  const end = Date.now() + 60_000;
  for (;;) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}
