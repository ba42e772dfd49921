import { createHash, randomBytes } from "node:crypto";
import type { HubJourneyWire } from "../contract.generated.ts";
import { NotRefusedError, ToolboxError } from "../errors.ts";
import { forgetPerson, forgetRecords } from "../hub/forget-person.ts";
import { createGitClient, type GitClient } from "../hub/git-client.ts";
import { callHub, enterHub, type HubAccess, type HubPerson, requireHub } from "../hub/hub-api.ts";
import { commitLargeFile, deleteRepository, makeRepository, push, type Way } from "../hub/journey-repository.ts";
import { previewDataset } from "../hub/preview-dataset.ts";
import { excerpt, openHttp } from "../http-request.ts";
import { login } from "./casdoor-login.ts";
import { addVisitor } from "./casdoor-visitor.ts";
import type { WireCheck, WireContext } from "./wire-check.ts";

export const hubJourneyCheck: WireCheck<HubJourneyWire> = {
  address: (wire) => wire.hubUrl,
  expectation: (wire) =>
    `somebody signs in, makes a private model, pushes by git and 5 MB as a large file over HTTP${wire.ssh === undefined ? "" : " and SSH"}, reads it back,${wire.previews === true ? " looks into a dataset," : ""} another is refused, and all of it is deleted`,
  prove: walk,
};

const largeBytes = 5 * 1024 * 1024;

async function walk(wire: HubJourneyWire, context: WireContext): Promise<void> {
  const access: HubAccess = {
    hubUrl: wire.hubUrl,
    signal: context.signal,
    ...(wire.caFile === undefined ? {} : { caFile: wire.caFile }),
  };
  const way: Way = { wire, context, access, names: [], repositories: [] };
  context.atEnd(async () => await forgetRecords(wire.hubDatabase, way.names));
  const author = await signIn(way);
  const token = await makeToken(way, author);
  const model = { kind: "models", name: "journey" } as const;
  const repository = await makeRepository(way, author, model);
  const client = await createGitClient(
    {
      url: `${wire.hubUrl}/models/${repository}.git`,
      user: author.name,
      password: token,
      signal: context.signal,
      ...(wire.caFile === undefined ? {} : { caFile: wire.caFile }),
    },
    wire.ssh,
  );
  context.atEnd(client.remove);
  const first = await pushOverHttp(way, client, repository);
  await readBack(way, { repository, token, file: "first.bin", digest: first });
  if (wire.ssh !== undefined) {
    const second = await pushOverSsh(way, { client, repository, author, ssh: wire.ssh });
    await readBack(way, { repository, token, file: "second.bin", digest: second });
  }
  const dataset = wire.previews === true ? await previewDataset(way, author, client) : undefined;
  await beRefused(way, [
    `/api/v1/models/${repository}`,
    `/hf/api/models/${repository}`,
    ...(dataset === undefined ? [] : [dataset.rowsPath]),
  ]);
  await deleteRepository(way, author, { ...model, path: repository });
  if (dataset !== undefined) await deleteRepository(way, author, dataset);
}

/** A person of this check's own, whom Casdoor and the hub forget at the end. */
async function signIn({ wire, context, access, names, repositories }: Way): Promise<HubPerson> {
  const visitor = await addVisitor(wire, context);
  names.push(visitor.name);
  context.atEnd(async () => await forgetPerson(wire.hubDatabase, { name: visitor.name, repositories }));
  const signedIn = await login(wire, visitor, context);
  if (!("code" in signedIn))
    throw new ToolboxError(`Casdoor asks people for more than a password (${signedIn.asks}), which only a person has`);
  const token = await enterHub(access, signedIn.code, wire.state);
  await requireHub(access, { path: `/api/v1/user/${visitor.name}`, token });
  context.note(`signed in through the gateway as ${visitor.name}`);
  return { name: visitor.name, token };
}

async function makeToken({ context, access }: Way, { name, token }: HubPerson): Promise<string> {
  await requireHub(access, { method: "POST", path: "/api/v1/token/git/journey", token, body: {} });
  const tokens = (await requireHub(access, { path: `/api/v1/user/${name}/tokens`, token })) as readonly {
    readonly token?: string;
    readonly token_name?: string;
  }[];
  const made = tokens.find((row) => row.token_name === "journey")?.token;
  if (made === undefined) throw new ToolboxError("the token that was made is not among the user's");
  context.note("made a token for git");
  return made;
}

async function pushOverHttp(way: Way, client: GitClient, repository: string): Promise<string> {
  await client.git(".", "clone", "--quiet", `${way.wire.hubUrl}/models/${repository}.git`, "http");
  const digest = await commitLargeFile(way, client, {
    folder: "http",
    name: "first.bin",
    content: randomBytes(largeBytes),
  });
  await push(client, "http");
  way.context.note("cloned and pushed over HTTP, with a large file");
  return digest;
}

interface OverSsh {
  readonly client: GitClient;
  readonly repository: string;
  readonly author: HubPerson;
  readonly ssh: NonNullable<HubJourneyWire["ssh"]>;
}

async function pushOverSsh(way: Way, { client, repository, author, ssh }: OverSsh): Promise<string> {
  const content = (await client.publicKey()).trim();
  const path = `/api/v1/user/${author.name}/ssh_keys`;
  await requireHub(way.access, { method: "POST", path, token: author.token, body: { name: "journey", content } });
  await client.git(".", "clone", "--quiet", `ssh://git@${ssh.host}:${ssh.port}/models/${repository}.git`, "ssh");
  const digest = await commitLargeFile(way, client, {
    folder: "ssh",
    name: "second.bin",
    content: randomBytes(largeBytes),
  });
  await push(client, "ssh");
  way.context.note("cloned and pushed over SSH, with a large file");
  return digest;
}

interface Expected {
  readonly repository: string;
  readonly token: string;
  readonly file: string;
  readonly digest: string;
}

/** As the client of Hugging Face does: what there is, then the file, from wherever the hub sends us. */
async function readBack({ access, context }: Way, { repository, token, file, digest }: Expected): Promise<void> {
  const found = (await requireHub(access, { path: `/hf/api/models/${repository}`, token })) as {
    readonly siblings?: readonly { readonly rfilename?: string }[];
  };
  if (!(found.siblings ?? []).some((row) => row.rfilename === file))
    throw new ToolboxError(`the model's list of files does not name ${file}`);
  const seen = await download(access, `${access.hubUrl}/hf/${repository}/resolve/main/${file}`, token);
  if (seen !== digest) throw new ToolboxError(`${file} comes back with other contents than were pushed`);
  context.note(`read ${file} back by the API of Hugging Face`);
}

/** SHA-256 of what stands at an address; the token goes to the hub alone. */
async function download(access: HubAccess, address: string, token: string, hops = 5): Promise<string> {
  const { caFile, signal } = access;
  const own = new URL(address).origin === new URL(access.hubUrl).origin;
  const headers = own ? { authorization: `Bearer ${token}` } : {};
  const answer = await openHttp({ url: address, headers, caFile, signal });
  const { statusCode = 0 } = answer;
  if (statusCode >= 300 && statusCode < 400 && answer.headers.location !== undefined && hops > 0) {
    answer.destroy();
    return await download(access, new URL(answer.headers.location, address).toString(), token, hops - 1);
  }
  const hash = createHash("sha256");
  let bytes = 0;
  let beginning: Buffer = Buffer.alloc(0);
  for await (const part of answer) {
    const chunk = part as Buffer;
    if (bytes === 0) beginning = chunk;
    bytes += chunk.length;
    hash.update(chunk);
  }
  if (statusCode !== 200) throw new ToolboxError(`the download answered ${statusCode}: ${excerpt(beginning)}`);
  return hash.digest("hex");
}

async function beRefused(way: Way, paths: readonly string[]): Promise<void> {
  const { context, access } = way;
  const stranger = await signIn(way);
  for (const path of paths) {
    const { status } = await callHub(access, { path, token: stranger.token });
    if (status < 400)
      throw new NotRefusedError(`what is private is shown to others: ${path}`, "look at the version of the hub");
  }
  context.note("another person is refused");
}
