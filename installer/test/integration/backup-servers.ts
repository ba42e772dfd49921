import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BackupBucket, BackupRepository, BackupRest } from "../../../toolbox/src/contract.generated.ts";
import { setMinioUserPolicy, writeMinioPolicy, writeMinioUser } from "../../../toolbox/src/protocols/minio-admin.ts";
import { requireS3, type S3Access } from "../../../toolbox/src/s3-client.ts";
import { waitForServer } from "../../../toolbox/src/wait-for-server.ts";
import { bcryptHash } from "../../src/execute/secrets/generate.ts";
import { sendHttp } from "../../../toolbox/src/http-request.ts";
import { mustRun } from "../support/child.ts";
import { issueCertificate, type IssuedCertificate } from "../support/issue-certificate.ts";
import { type BackupWorld, openBackupWorld, repositoryPassword } from "./backup-world.ts";
import type { Fault } from "./fault-proxy.ts";

const restServer = spawnSync("sh", ["-c", "command -v rest-server"], { encoding: "utf8" }).stdout.trim();

/** Why a real rest-server cannot be had on this machine. */
export const noRestServer =
  restServer === "" ? "there is no rest-server here: scripts/testbed/test-tools.sh" : undefined;

export interface BackupServers {
  readonly world: BackupWorld;
  /** Authority that signed the certificates of all servers. */
  readonly ca: string;
  /** The same repository, by the door where nothing can be removed and by the one where it can. */
  readonly rest: { readonly everyDay: BackupRest; readonly pruning: BackupRest };
  /** The same bucket, by a key without the right to delete anything but locks, and by one that may all. */
  readonly bucket: { readonly everyDay: BackupBucket; readonly pruning: BackupBucket };
  /** The repository as it is reached through a proxy that goes wrong. */
  throughProxy(repository: BackupRest | BackupBucket): BackupRepository;
  /** What the proxy does wrong from now on. */
  setFaults(kind: "rest" | "bucket", faults: readonly Fault[]): Promise<void>;
  /** What it did wrong since it was asked last. */
  struck(kind: "rest" | "bucket"): Promise<readonly string[]>;
  dispose(): Promise<void>;
}

const names = ["rest", "rest-prune", "minio", "rest-proxy", "minio-proxy", "localhost", "127.0.0.1"];
const passwords = { everyDay: "every day's p:a/s+s@wörd", pruning: "pruner's pass", root: "minio-root-password" };
const bucketName = "backups";

export async function openBackupServers(): Promise<BackupServers> {
  const world = await openBackupWorld();
  const folder = await mkdtemp(join(tmpdir(), `${world.name}-servers-`));
  const dispose = async (): Promise<void> => {
    await world.dispose();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    return { ...(await startServers(world, folder)), dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function startServers(world: BackupWorld, folder: string): Promise<Omit<BackupServers, "dispose">> {
  const issuer = await issueCertificate({ commonName: "Backup test CA", authority: true });
  const certificate = await issueCertificate({ commonName: "servers", names, issuer });
  await writeServerFiles(folder, issuer, certificate);
  const caFile = join(folder, "ca.pem");
  await startRestServers(world, folder);
  const root = await startMinio(world, caFile, folder);
  const proxies = { rest: await startProxy(world, "rest", folder), bucket: await startProxy(world, "minio", folder) };
  const ask = async (kind: "rest" | "bucket", body?: string) =>
    sendHttp({ method: "POST", url: `${proxies[kind]}/faults`, caFile, ...(body !== undefined && { body }) });
  for (const kind of ["rest", "bucket"] as const) await answering(() => ask(kind));
  const head = { password: repositoryPassword, ca: issuer.pem };
  const door = (host: string, user: string, password: string): BackupRest => ({
    ...{ ...head, kind: "rest", url: `https://${host}:8000/slipway`, login: { user, password } },
  });
  const bucketBy = (accessKey: string, secretKey: string): BackupBucket => ({
    ...{
      ...head,
      kind: "s3",
      endpoint: "https://minio:9000",
      bucket: bucketName,
      prefix: "hub/main",
      accessKey,
      secretKey,
    },
  });
  return {
    ...{ world, ca: issuer.pem },
    rest: {
      everyDay: door("rest", "slipway", passwords.everyDay),
      pruning: door("rest-prune", "pruner", passwords.pruning),
    },
    bucket: { everyDay: bucketBy("slipway", passwords.everyDay), pruning: bucketBy(root.accessKey, root.secretKey) },
    throughProxy: (repository) =>
      repository.kind === "rest"
        ? { ...repository, url: repository.url.replace("//rest:", "//rest-proxy:") }
        : { ...repository, endpoint: repository.endpoint.replace("//minio:", "//minio-proxy:") },
    setFaults: async (kind, faults) => {
      await ask(kind, JSON.stringify(faults));
    },
    struck: async (kind) => JSON.parse((await ask(kind)).body.toString("utf8")) as readonly string[],
  };
}

async function writeServerFiles(folder: string, issuer: IssuedCertificate, own: IssuedCertificate): Promise<void> {
  await mkdir(join(folder, "certs"));
  const users = [await bcryptHash(passwords.everyDay, "slipway"), await bcryptHash(passwords.pruning, "pruner")];
  const files = {
    ...{ "ca.pem": issuer.pem, "cert.pem": own.pem, "key.pem": own.key, htpasswd: `${users.join("\n")}\n` },
    ...{ "certs/public.crt": own.pem, "certs/private.key": own.key },
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o644 });
  await mustRun("chmod", ["-R", "a+rX", folder]);
}

/** One data directory, and two doors to it: rest-server knows append-only of a server and not of a user. */
async function startRestServers(world: BackupWorld, folder: string): Promise<void> {
  await world.shell("install -d -o 10001 -g 10001 -m 0700 /staging/rest");
  const program = await realpath(restServer);
  const before = ["-v", `${program}:/rest-server:ro`, "-v", `${folder}:/files:ro`, "--user", "10001:10001"];
  const files = ["--tls", "--tls-cert", "/files/cert.pem", "--tls-key", "/files/key.pem"];
  const words = ["--path", "/staging/rest", ...files, "--htpasswd-file", "/files/htpasswd"];
  await world.runServer("rest", "toolbox", [...before, "--entrypoint", "/rest-server"], [...words, "--append-only"]);
  await world.runServer("rest-prune", "toolbox", [...before, "--entrypoint", "/rest-server"], words);
}

async function startMinio(world: BackupWorld, caFile: string, folder: string): Promise<S3Access> {
  const before = [
    ...["-p", "127.0.0.1::9000", "-v", `${folder}/certs:/certs:ro`, "--tmpfs", "/data:uid=10003,gid=10003,mode=0700"],
    ...["--tmpfs", "/tmp:mode=1777", "-e", "HOME=/tmp"],
    ...["-e", "MINIO_ROOT_USER=root-key", "-e", `MINIO_ROOT_PASSWORD=${passwords.root}`],
  ];
  const command = ["server", "/data", "--address", ":9000", "--certs-dir", "/certs"];
  const container = await world.runServer("minio", "minio", before, command);
  const endpoint = await publishedAt(container, 9000);
  const root = { endpoint, region: "us-east-1", accessKey: "root-key", secretKey: passwords.root, caFile };
  await answering(() => requireS3(root, { method: "PUT", path: `/${bucketName}` }));
  await writeMinioUser(root, "slipway", passwords.everyDay);
  await writeMinioPolicy(root, "append-only", appendOnly);
  await setMinioUserPolicy(root, "slipway", "append-only");
  return root;
}

/** As the documentation gives it. */
const appendOnly = {
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Action: ["s3:GetBucketLocation", "s3:ListBucket"],
      Resource: [`arn:aws:s3:::${bucketName}`],
    },
    { Effect: "Allow", Action: ["s3:GetObject", "s3:PutObject"], Resource: [`arn:aws:s3:::${bucketName}/*`] },
    { Effect: "Allow", Action: ["s3:DeleteObject"], Resource: [`arn:aws:s3:::${bucketName}/*/locks/*`] },
  ],
};

async function startProxy(world: BackupWorld, upstream: "rest" | "minio", folder: string): Promise<string> {
  const port = upstream === "rest" ? "8000" : "9000";
  const script = fileURLToPath(new URL("fault-proxy.ts", import.meta.url));
  const before = [
    ...["-p", `127.0.0.1::${port}`, "-v", `${script}:/fault-proxy.ts:ro`, "-v", `${folder}:/files:ro`],
    ...["--entrypoint", "node"],
  ];
  const container = await world.runServer(`${upstream}-proxy`, "toolbox", before, [
    ...["/fault-proxy.ts", `https://${upstream}:${port}`, port, "/files"],
  ]);
  return publishedAt(container, Number(port));
}

async function publishedAt(container: string, port: number): Promise<string> {
  const found = await mustRun("docker", ["port", container, String(port)]);
  return `https://${found.trim().split("\n")[0] ?? ""}`;
}

async function answering(attempt: () => Promise<unknown>): Promise<void> {
  await waitForServer({ what: "a server of the test", isTransient: () => true, seconds: 60 }, attempt);
}
