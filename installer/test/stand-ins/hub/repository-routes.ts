import { sendHttp } from "../../../../toolbox/src/http-request.ts";
import type { Login } from "../../../../toolbox/src/postgres-client.ts";
import { createRepository, listFiles, placeOf, readFile, removeRepository } from "./gitaly-repository.ts";
import { bodyOf, empty, json, onPath, type Answer, type Exchange, type Route } from "./http.ts";
import { oidIn, signLargeFile } from "./large-files.ts";
import { addKey, makeToken, personOf } from "./people.ts";
import {
  addRepository,
  dropRepository,
  findRepository,
  type Kind,
  mayRead,
  mayWrite,
  type Repository,
} from "./repositories.ts";
import type { Settings } from "./settings.ts";

const nobody = json(401, { code: "AUTH-ERR-1", msg: "AUTH-ERR-1: User not found, please login first" });
const forbidden = json(403, { code: "AUTH-ERR-2", msg: "AUTH-ERR-2: Forbidden" });
const missing = json(404, { msg: "not found" });

/** Tokens, keys, models and datasets of people, and models as the clients of Hugging Face ask for them. */
export function repositoryRoutes(settings: Settings, login: Login): readonly Route[] {
  const whoAsks = (exchange: Exchange) => personOf(exchange, settings, login);
  const readable = async (exchange: Exchange, address: string): Promise<Repository | undefined> => {
    const repository = await findRepository(login, address);
    return repository !== undefined && mayRead(repository, await whoAsks(exchange)) ? repository : undefined;
  };
  return [
    onPath("POST", /^\/api\/v1\/token\/git\/([^/]+)$/, async (exchange, [name = ""]) => {
      const person = await whoAsks(exchange);
      if (person === undefined) return nobody;
      return json(200, { msg: "OK", data: { token_name: name, token: await makeToken(login, person, name) } });
    }),
    onPath("POST", /^\/api\/v1\/user\/([^/]+)\/ssh_keys$/, async (exchange, [name]) => {
      const person = await whoAsks(exchange);
      if (person === undefined) return nobody;
      if (person.name !== name) return forbidden;
      await addKey(login, person, bodyOf(exchange) as { readonly name: string; readonly content: string });
      return json(200, { msg: "OK", data: null });
    }),
    onPath("POST", /^\/api\/v1\/(models|datasets)$/, (exchange, [kind]) =>
      makeRepository(exchange, kind as Kind, settings, login),
    ),
    onPath("GET", /^\/api\/v1\/((?:models|datasets)\/[^/]+\/[^/]+)$/, async (exchange, [address = ""]) => {
      const repository = await readable(exchange, address);
      return repository === undefined ? missing : json(200, { msg: "OK", data: describe(repository) });
    }),
    onPath("DELETE", /^\/api\/v1\/((?:models|datasets)\/[^/]+\/[^/]+)$/, async (exchange, [address = ""]) => {
      const repository = await findRepository(login, address);
      if (repository === undefined) return missing;
      if (!mayWrite(repository, await whoAsks(exchange))) return forbidden;
      await removeRepository(settings, placeOf(settings, repository));
      await dropRepository(login, repository);
      return json(200, { msg: "OK", data: null });
    }),
    // The viewer asks nobody who they are.
    onPath(
      "GET",
      /^\/api\/v1\/(datasets\/[^/]+\/[^/]+)\/dataviewer\/(?:catalog|rows)$/,
      async (exchange, [address = ""]) =>
        (await readable(exchange, address)) === undefined ? missing : askViewer(exchange, settings),
    ),
    onPath("GET", /^\/hf\/api\/models\/([^/]+\/[^/]+)$/, async (exchange, [path = ""]) => {
      const model = await readable(exchange, `models/${path}`);
      if (model === undefined) return missing;
      const files = await listFiles(settings, placeOf(settings, model));
      return json(200, { id: path, siblings: files.map((rfilename) => ({ rfilename })) });
    }),
    onPath("GET", /^\/hf\/([^/]+\/[^/]+)\/resolve\/main\/(.+)$/, async (exchange, [path = "", file = ""]) => {
      const model = await readable(exchange, `models/${path}`);
      return model === undefined ? missing : giveFile(settings, model, file);
    }),
  ];
}

async function makeRepository(exchange: Exchange, kind: Kind, settings: Settings, login: Login): Promise<Answer> {
  const person = await personOf(exchange, settings, login);
  if (person === undefined) return nobody;
  const wanted = bodyOf(exchange) as { readonly namespace: string; readonly name: string; readonly private: boolean };
  if (wanted.namespace !== person.name) return forbidden;
  const { name } = wanted;
  const path = `${person.name}/${name}`;
  const repository = await addRepository(login, person, { kind, name, path, private: wanted.private });
  await createRepository(settings, placeOf(settings, repository));
  return json(200, { msg: "OK", data: describe(repository) });
}

function describe({ id, path, name, private: closed }: Repository): object {
  return { id, repository_id: id, path, name, private: closed };
}

async function askViewer({ url }: Exchange, settings: Settings): Promise<Answer> {
  const viewer = `${settings.text("OPENCSG_DATAVIEWER_SERVER_HOST")}:${settings.text("OPENCSG_DATAVIEWER_SERVER_PORT")}`;
  const { status, body } = await sendHttp({ url: `${viewer}${url.pathname}${url.search}` });
  return { status, body, headers: { "Content-Type": "application/json; charset=utf-8" } };
}

/** A large file is at the object store. */
async function giveFile(settings: Settings, model: Repository, file: string): Promise<Answer> {
  const content = await readFile(settings, placeOf(settings, model), file);
  const oid = oidIn(content);
  if (oid === undefined) return { status: 200, body: content, headers: {} };
  return empty(302, { Location: await signLargeFile(settings, model, oid, "GET") });
}
