import type { Login } from "../../../../toolbox/src/postgres-client.ts";
import { placeOf } from "./gitaly-repository.ts";
import { readHmacToken } from "./hmac-token.ts";
import { at, bodyOf, json, type Answer, type Exchange, type Route } from "./http.ts";
import { findRepository, mayRead, mayWrite } from "./repositories.ts";
import { findKey, findPerson, type Person, signErrand } from "./people.ts";
import type { Settings } from "./settings.ts";

type Respond = (exchange: Exchange) => Promise<Answer>;

/** What is answered to whoever comes with the callback secret. */
export interface GitHooks {
  readonly authorizedKeys: Respond;
  readonly allowed: Respond;
  readonly lfsAuthenticate: Respond;
}

const ready = json(200, { reference_counter_increased: true });
const done = json(200, { reference_counter_decreased: true, messages: [] });
const header = "gitlab-shell-api-request";

/** Callbacks of Gitaly's hooks and GitLab Shell. Each wants a token signed with the callback secret, in a header of its own or as a bearer's. */
export function gitCallbackRoutes(secret: string, hooks: GitHooks): readonly Route[] {
  const always =
    (answer: Answer): Respond =>
    () =>
      Promise.resolve(answer);
  const callbacks: readonly (readonly [string, string, Respond])[] = [
    ["GET", "/api/v4/internal/authorized_keys", hooks.authorizedKeys],
    ["POST", "/api/v4/internal/allowed", hooks.allowed],
    ["POST", "/api/v4/internal/pre_receive", always(ready)],
    ["POST", "/api/v4/internal/post_receive", always(done)],
    ["POST", "/api/v4/internal/lfs_authenticate", hooks.lfsAuthenticate],
    ["POST", "/api/v1/internal/allowed", hooks.allowed],
    ["POST", "/api/v1/internal/pre_receive", always(ready)],
    ["POST", "/api/v1/internal/post_receive", always(done)],
  ];
  return callbacks.map(([method, path, answer]) =>
    at(method, path, (exchange) => refusal(exchange, secret) ?? answer(exchange)),
  );
}

function refusal({ headers }: Exchange, secret: string): Answer | undefined {
  const own = headers[header];
  const token = typeof own === "string" && own !== "" ? own : headers.authorization?.slice("Bearer ".length);
  // The real one cuts the word from what is not there, and panics.
  if (token === undefined) throw new Error("neither Gitlab-Shell-Api-Request nor Authorization");
  try {
    readHmacToken(token, secret, new Date());
    return undefined;
  } catch (error) {
    return json(401, { error: `invilid JWT token,${error instanceof Error ? error.message : String(error)}` });
  }
}

const unknown = json(404, { message: "404 Not found" });

interface Question {
  readonly action?: string;
  readonly project?: string;
  readonly gl_repository?: string;
  readonly key_id?: string | number;
  readonly user_id?: string | number;
}

/** Answers of a hub with repositories. */
export function gitHooks(settings: Settings, login: Login): GitHooks {
  const whoAsks = async ({ key_id: key, user_id: user }: Question): Promise<Person | undefined> =>
    key === undefined ? findPerson(login, Number(user)) : (await findKey(login, { id: Number(key) }))?.person;
  return {
    authorizedKeys: async ({ url }) => {
      const found = await findKey(login, { base64: url.searchParams.get("key") ?? "" });
      return found === undefined ? unknown : json(200, { id: found.id, key: found.content });
    },
    allowed: async (exchange) => {
      const question = bodyOf(exchange) as Question;
      const [repository, person] = [await findRepository(login, addressIn(question)), await whoAsks(question)];
      const right = question.action === "git-receive-pack" ? mayWrite : mayRead;
      if (repository === undefined || person === undefined || !right(repository, person))
        return json(404, { status: false, message: "no such repository" });
      const place = placeOf(settings, repository);
      return json(200, {
        status: true,
        gl_id: `user-${person.id}`,
        gl_username: person.name,
        gl_repository: place.glRepository,
        gl_project_path: place.glProjectPath,
        gitaly: {
          address: settings.text("STARHUB_SERVER_GITALY_SERVER_SOCKET"),
          token: settings.text("STARHUB_SERVER_GITALY_TOKEN"),
          repository: {
            storage_name: place.storageName,
            relative_path: place.relativePath,
            gl_repository: place.glRepository,
            gl_project_path: place.glProjectPath,
          },
        },
      });
    },
    lfsAuthenticate: async (exchange) => {
      const question = bodyOf(exchange) as Question;
      const [repository, person] = [await findRepository(login, addressIn(question)), await whoAsks(question)];
      if (repository === undefined || person === undefined) return unknown;
      return json(200, {
        username: person.name,
        lfs_token: signErrand(person.name, settings, lfsSeconds),
        repository_http_path: `${settings.text("STARHUB_SERVER_PUBLIC_DOMAIN")}/${repository.kind}/${repository.path}.git`,
        expires_in: lfsSeconds,
      });
    },
  };
}

const lfsSeconds = 3600;

/** `models/person/name` of what they ask about, which they write in several ways. */
function addressIn({ gl_repository: repository, project }: Question): string {
  const named = repository === undefined || repository === "" ? project : repository;
  return (named ?? "").replace(/^\//, "").replace(/\.git$/, "");
}
