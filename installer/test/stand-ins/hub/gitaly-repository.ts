import { createHash } from "node:crypto";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { fromJSON, type ServiceDefinition } from "@grpc/proto-loader";
import { gitalyAuthorization, gitalyDefinitions } from "../../../../toolbox/src/protocols/gitaly.ts";
import { openGrpc, type GrpcChannel } from "../../../../toolbox/src/protocols/grpc.ts";
import type { Repository } from "./repositories.ts";
import type { Settings } from "./settings.ts";

/** How Gitaly names a repository. */
export interface Place {
  readonly storageName: string;
  readonly relativePath: string;
  readonly glRepository: string;
  readonly glProjectPath: string;
}

/** Where the hub keeps a repository: under a hash of its number. */
export function placeOf(settings: Settings, { id, kind, path }: Pick<Repository, "id" | "kind" | "path">): Place {
  const hash = createHash("sha256").update(String(id)).digest("hex");
  return {
    storageName: settings.text("STARHUB_SERVER_GITALY_STORAGE"),
    relativePath: `@hashed_repos/${hash.slice(0, 2)}/${hash.slice(2, 4)}/${hash}.git`,
    glRepository: `${kind}/${path}`,
    glProjectPath: `${kind}/${path}`,
  };
}

const field = (type: string, id: number): { readonly type: string; readonly id: number } => ({ type, id });
const repository = field("Repository", 1);

/** What the toolbox has no use for; field numbers from Gitaly 16.11, proto/{smarthttp,commit}.proto. */
const definitions = {
  nested: {
    gitaly: {
      nested: {
        ...(gitalyDefinitions.nested["gitaly"] as { readonly nested: object }).nested,
        InfoRefsRequest: { fields: { repository } },
        Bytes: { fields: { data: field("bytes", 1) } },
        PostReceivePackRequest: {
          fields: {
            repository,
            data: field("bytes", 2),
            glId: field("string", 3),
            glRepository: field("string", 4),
            glUsername: field("string", 5),
          },
        },
        ListFilesRequest: { fields: { repository, revision: field("bytes", 2) } },
        ListFilesResponse: { fields: { paths: { rule: "repeated", ...field("bytes", 1) } } },
        SmartHTTPService: {
          methods: {
            InfoRefsUploadPack: { requestType: "InfoRefsRequest", responseType: "Bytes", responseStream: true },
            InfoRefsReceivePack: { requestType: "InfoRefsRequest", responseType: "Bytes", responseStream: true },
            PostReceivePack: {
              ...{ requestType: "PostReceivePackRequest", requestStream: true },
              ...{ responseType: "Bytes", responseStream: true },
            },
          },
        },
        CommitService: {
          methods: {
            TreeEntry: { requestType: "TreeEntryRequest", responseType: "TreeEntryResponse", responseStream: true },
            ListFiles: { requestType: "ListFilesRequest", responseType: "ListFilesResponse", responseStream: true },
          },
        },
      },
    },
  },
};

const deadlineMs = 60_000;

function addressOf(settings: Settings): string {
  return settings.text("STARHUB_SERVER_GITALY_SERVER_SOCKET").replace("tcp://", "");
}

function authorization(settings: Settings): string {
  return gitalyAuthorization(settings.text("STARHUB_SERVER_GITALY_TOKEN"), Math.floor(Date.now() / 1000));
}

async function withGitaly<T>(settings: Settings, work: (channel: GrpcChannel) => Promise<T>): Promise<T> {
  const headers = () => ({ authorization: authorization(settings) });
  const channel = await openGrpc({ address: addressOf(settings), definitions, deadlineMs, headers });
  try {
    return await work(channel);
  } finally {
    channel.close();
  }
}

export async function createRepository(settings: Settings, place: Place): Promise<void> {
  const request = { repository: place, defaultBranch: Buffer.from("main") };
  await withGitaly(settings, (channel) => channel.call("gitaly.RepositoryService", "CreateRepository", request));
}

export async function removeRepository(settings: Settings, place: Place): Promise<void> {
  const request = { repository: place };
  await withGitaly(settings, (channel) => channel.call("gitaly.RepositoryService", "RemoveRepository", request));
}

/** What the repository has and can do, as Git tells it first. */
export async function readRefs(
  settings: Settings,
  place: Place,
  service: "UploadPack" | "ReceivePack",
): Promise<Buffer> {
  const parts = await withGitaly(settings, (channel) =>
    channel.collect("gitaly.SmartHTTPService", `InfoRefs${service}`, { repository: place }),
  );
  return joined(parts);
}

/** Paths of the files on the main branch. */
export async function listFiles(settings: Settings, place: Place): Promise<readonly string[]> {
  const request = { repository: place, revision: Buffer.from("main") };
  const parts = await withGitaly(settings, (channel) => channel.collect("gitaly.CommitService", "ListFiles", request));
  return (parts as readonly { readonly paths: readonly Buffer[] }[]).flatMap(({ paths }) => paths.map(String));
}

export async function readFile(settings: Settings, place: Place, path: string): Promise<Buffer> {
  const request = { repository: place, revision: Buffer.from("main"), path: Buffer.from(path) };
  return joined(await withGitaly(settings, (channel) => channel.collect("gitaly.CommitService", "TreeEntry", request)));
}

function joined(parts: readonly unknown[]): Buffer {
  return Buffer.concat((parts as readonly { readonly data: Buffer }[]).map(({ data }) => data));
}

/** Hands over what a client pushes, in the name of a person, and gives what Git says to it. */
export async function receivePack(
  settings: Settings,
  place: Place,
  person: { readonly id: number; readonly name: string },
  pushed: Buffer,
): Promise<Buffer> {
  const service = fromJSON(definitions as Parameters<typeof fromJSON>[0])[
    "gitaly.SmartHTTPService"
  ] as ServiceDefinition;
  const method = service["PostReceivePack"];
  if (method === undefined) throw new TypeError("PostReceivePack is not defined");
  const client = new Client(addressOf(settings), credentials.createInsecure(), {
    "grpc.service_config_disable_resolution": 1,
  });
  try {
    const metadata = new Metadata();
    metadata.set("authorization", authorization(settings));
    const { path, requestSerialize, responseDeserialize } = method;
    const deadline = new Date(Date.now() + deadlineMs);
    const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata, { deadline });
    const { glRepository } = place;
    call.write({ repository: place, glId: `user-${person.id}`, glRepository, glUsername: person.name });
    call.write({ data: pushed });
    call.end();
    const parts: unknown[] = [];
    for await (const part of call) parts.push(part);
    return joined(parts);
  } finally {
    client.close();
  }
}
