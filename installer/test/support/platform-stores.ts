import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Client } from "pg";
import { sendHttp, type HttpAnswer, type HttpRequest } from "../../../toolbox/src/http-request.ts";
import { connectPostgres } from "../../../toolbox/src/postgres-client.ts";
import { buildGitBundle, type GitBundle } from "../../../toolbox/src/protocols/git-bundle.ts";
import { gitalyAuthorization, gitalyDefinitions } from "../../../toolbox/src/protocols/gitaly.ts";
import { grpcCode, grpcStatus, openGrpc } from "../../../toolbox/src/protocols/grpc.ts";
import { callS3, type S3Access } from "../../../toolbox/src/s3-client.ts";
import type { Platform } from "./platform.ts";

export const manifestType = "application/vnd.oci.image.manifest.v1+json";

/** The stores of a platform on this machine's engine, each as its users reach it: nothing is asked of a store that it would not be asked. */
export interface PlatformStores {
  /** One statement after the other, as the user that the hub's server is. */
  query<Row extends object>(statement: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  /** Makes the repository if it is not there, and pushes one commit to a branch of it. */
  push(repository: string, content: Parameters<typeof buildGitBundle>[0]): Promise<GitBundle>;
  /** The file of a commit, or undefined when either is not there. */
  fileIn(repository: string, commit: string, fileName: string): Promise<Buffer | undefined>;
  /** By the published port of the object store. */
  object(method: "GET" | "PUT" | "DELETE", key: string, body?: Buffer): Promise<HttpAnswer>;
  /** By the published port of the gateway; the path stands behind `/v2/`. */
  registry(request: Omit<HttpRequest, "url"> & { readonly path: string }): Promise<HttpAnswer>;
  /** Makes the stream of messages. */
  prepare(): Promise<void>;
  /** Gives the number of the message once the stream has it. */
  publish(text: string): Promise<number>;
  message(sequence: number): Promise<string | undefined>;
  close(): Promise<void>;
}

export type Reached = Pick<Platform, "name" | "stateDir" | "ports" | "docker">;

/** What is in the secrets folder of an install. */
export async function readSecret({ stateDir }: Pick<Reached, "stateDir">, name: string): Promise<string> {
  return (await readFile(join(stateDir, "secrets", name), "utf8")).trim();
}

const stream = "written";
const commits = "gitaly.CommitService";
const repositories = "gitaly.RepositoryService";
const bucket = "csghub-server";

/** What is asked of each kind of store, and how its connection is closed. */
export interface StoreKinds {
  readonly sql: Pick<PlatformStores, "query" | "close">;
  readonly git: Pick<PlatformStores, "push" | "fileIn" | "close">;
  readonly messages: Pick<PlatformStores, "prepare" | "publish" | "message" | "close">;
  readonly objects: Pick<PlatformStores, "object" | "close">;
  readonly images: Pick<PlatformStores, "registry" | "close">;
}

/** The secret that the clients of each kind of store have. */
export const storeSecrets: Readonly<Record<keyof StoreKinds, string>> = {
  sql: "pg-server",
  git: "gitaly-token",
  messages: "nats-hub",
  objects: "s3-csghub-server",
  images: "registry",
};

/** How each kind of store is opened by whoever has its secret. */
export const storeOpeners: {
  readonly [Kind in keyof StoreKinds]: (platform: Reached, secret: string) => Promise<StoreKinds[Kind]>;
} = {
  sql: async (platform, password) => {
    const client = await connectPostgres({
      ...{ host: await addressOf(platform, "postgres"), port: 5432, database: "csghub_server", tls: "off" },
      ...{ user: "csghub_server", password },
    });
    return { ...inTurn(client), close: () => client.end() };
  },
  git: async (platform, token) => openGit(`${await addressOf(platform, "gitaly")}:8075`, token),
  messages: async (platform, password) => openMessages(`nats://${await addressOf(platform, "nats")}:4222`, password),
  objects: ({ ports }, secretKey) => {
    const access: S3Access = {
      ...{ endpoint: `http://127.0.0.1:${ports.s3}`, region: "cn-north-1", accessKey: "csghub-server", secretKey },
    };
    const object: PlatformStores["object"] = (method, key, body) =>
      callS3(access, { method, path: `/${bucket}/${key}`, ...(body && { body }) });
    return Promise.resolve({ object, close: () => Promise.resolve() });
  },
  images: ({ ports }, password) => {
    const authorization = `Basic ${Buffer.from(`registry:${password}`).toString("base64")}`;
    const registry: PlatformStores["registry"] = ({ path, ...request }) =>
      sendHttp({
        ...request,
        url: `http://127.0.0.1:${ports.http}/v2/${path}`,
        headers: { authorization, ...request.headers },
      });
    return Promise.resolve({ registry, close: () => Promise.resolve() });
  },
};

/** Logs in to the stores of an install that runs. Addresses change when it is brought up anew: then they are opened again. */
export async function openPlatformStores(platform: Reached): Promise<PlatformStores> {
  const open = async <Kind extends keyof StoreKinds>(kind: Kind): Promise<StoreKinds[Kind]> =>
    storeOpeners[kind](platform, await readSecret(platform, storeSecrets[kind]));
  const opened = await Promise.all([open("sql"), open("git"), open("messages"), open("objects"), open("images")]);
  const [sql, git, messages, objects, images] = opened;
  return {
    ...{ ...sql, ...git, ...messages, ...objects, ...images },
    close: async () => {
      await Promise.allSettled(opened.map((store) => store.close()));
    },
  };
}

async function addressOf({ name, docker }: Reached, component: string): Promise<string> {
  const format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
  return (await docker("inspect", "--format", format, `${name}-${component}-1`)).trim();
}

/** A connection takes one statement at a time. */
function inTurn(client: Client): Pick<PlatformStores, "query"> {
  let last: Promise<unknown> = Promise.resolve();
  return {
    query: async <Row extends object>(statement: string, values: readonly unknown[] = []) => {
      const answer = last.then(() => client.query(statement, [...values]));
      last = answer.catch(() => undefined);
      return (await answer).rows as readonly Row[];
    },
  };
}

async function openGit(address: string, token: string) {
  const gitaly = await openGrpc({
    ...{ address, definitions: gitalyDefinitions },
    headers: () => ({ authorization: gitalyAuthorization(token, Math.floor(Date.now() / 1000)) }),
  });
  const at = (relativePath: string) => ({ storageName: "default", relativePath });
  const create = async (path: string): Promise<void> => {
    const request = { repository: at(path), defaultBranch: Buffer.from("main") };
    await gitaly.call(repositories, "CreateRepository", request).catch((error: unknown) => {
      // Somebody else was first.
      if (grpcCode(error) !== grpcStatus.alreadyExists) throw error;
    });
  };
  return {
    close: () => {
      gitaly.close();
      return Promise.resolve();
    },
    push: async (path: string, content: Parameters<typeof buildGitBundle>[0]): Promise<GitBundle> => {
      const bundle = buildGitBundle(content);
      await create(path);
      await gitaly.call(repositories, "FetchBundle", [{ repository: at(path), data: bundle.bytes }]);
      return bundle;
    },
    fileIn: async (path: string, commit: string, fileName: string): Promise<Buffer | undefined> => {
      const request = { repository: at(path), revision: Buffer.from(commit), path: Buffer.from(fileName) };
      try {
        const parts = (await gitaly.collect(commits, "TreeEntry", request)) as readonly { readonly data: Buffer }[];
        return Buffer.concat(parts.map(({ data }) => data));
      } catch (error) {
        if (grpcCode(error) === grpcStatus.notFound) return undefined;
        throw error;
      }
    },
  };
}

async function openMessages(url: string, password: string) {
  const { connect } = await import("@nats-io/transport-node");
  const { jetstream, jetstreamManager } = await import("@nats-io/jetstream");
  const connection = await connect({ servers: [url], user: "csghub", pass: password, reconnect: false, timeout: 8000 });
  const streams = (await jetstreamManager(connection)).streams;
  return {
    publish: async (text: string): Promise<number> => (await jetstream(connection).publish(`${stream}.rows`, text)).seq,
    message: async (seq: number): Promise<string | undefined> => {
      const found = await streams.getMessage(stream, { seq }).catch((error: unknown) => {
        if (/no message found|stream not found/.test(String(error))) return null;
        throw error;
      });
      return found?.string();
    },
    prepare: async (): Promise<void> => {
      await streams.add({ name: stream, subjects: [`${stream}.>`] });
    },
    close: () => connection.close(),
  };
}

/** Pushes an image of one layer; gives its digest. */
export async function pushImage(
  stores: PlatformStores,
  repository: string,
  tag: string,
  layer: Buffer,
): Promise<string> {
  const config = Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", config: { Labels: { tag } } }));
  await Promise.all([config, layer].map((blob) => pushBlob(stores, repository, blob)));
  const part = (mediaType: string, bytes: Buffer) => ({ mediaType, digest: digestOf(bytes), size: bytes.length });
  const manifest = JSON.stringify({
    ...{ schemaVersion: 2, mediaType: manifestType },
    config: part("application/vnd.oci.image.config.v1+json", config),
    layers: [part("application/vnd.oci.image.layer.v1.tar", layer)],
  });
  const path = `${repository}/manifests/${tag}`;
  const put = await stores.registry({ method: "PUT", path, headers: { "content-type": manifestType }, body: manifest });
  if (put.status !== 201) throw new Error(`the registry answers ${put.status} to a manifest`);
  return digestOf(Buffer.from(manifest));
}

async function pushBlob(stores: PlatformStores, repository: string, bytes: Buffer): Promise<void> {
  const begun = await stores.registry({ method: "POST", path: `${repository}/blobs/uploads/`, body: "" });
  if (begun.status !== 202) throw new Error(`the registry answers ${begun.status} to the beginning of an upload`);
  const target = new URL(begun.headers.location ?? "", "http://registry.invalid/");
  target.searchParams.set("digest", digestOf(bytes));
  const path = `${target.pathname.replace(/^\/v2\//, "")}${target.search}`;
  const headers = { "content-type": "application/octet-stream" };
  const put = await stores.registry({ method: "PUT", path, headers, body: bytes });
  if (put.status !== 201) throw new Error(`the registry answers ${put.status} to a blob`);
}

/** What is missing of an image, or damaged; nothing when it can be pulled. */
export async function missingOfImage(
  stores: PlatformStores,
  repository: string,
  digest: string,
): Promise<readonly string[]> {
  const path = `${repository}/manifests/${digest}`;
  const got = await stores.registry({ path, headers: { accept: manifestType } });
  if (got.status !== 200 || digestOf(got.body) !== digest) return [`manifest ${digest} (${got.status})`];
  const { config, layers } = JSON.parse(got.body.toString("utf8")) as {
    readonly config: { readonly digest: string };
    readonly layers: readonly { readonly digest: string }[];
  };
  const missing: string[] = [];
  for (const blob of [config, ...layers]) {
    const answer = await stores.registry({ path: `${repository}/blobs/${blob.digest}` });
    if (answer.status !== 200 || digestOf(answer.body) !== blob.digest)
      missing.push(`blob ${blob.digest} (${answer.status})`);
  }
  return missing;
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
