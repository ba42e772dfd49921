import { randomBytes } from "node:crypto";
import type { Login } from "../../../../toolbox/src/postgres-client.ts";
import { readHmacToken, signHmacToken } from "./hmac-token.ts";
import type { Exchange } from "./http.ts";
import type { Settings } from "./settings.ts";
import { withDatabase } from "./with-database.ts";

export interface Person {
  readonly id: number;
  readonly name: string;
}

/** Whose token it is: one of a sign-in, or one that a person made for Git. Of a password's way to give it, the password is the token. */
export async function personOf({ headers }: Exchange, settings: Settings, login: Login): Promise<Person | undefined> {
  const [scheme, given = ""] = (headers.authorization ?? "").split(" ");
  const token =
    scheme === "Basic"
      ? Buffer.from(given, "base64")
          .toString("utf8")
          .replace(/^[^:]*:/, "")
      : given;
  if (token === "") return undefined;
  const name = nameIn(token, settings);
  return withDatabase(login, async (client) => {
    const { rows } = await client.query<{ readonly id: string; readonly username: string }>(
      `SELECT id, username FROM users WHERE username = $1 OR id IN (SELECT user_id FROM access_tokens WHERE token = $2)`,
      [name, token],
    );
    const [found] = rows;
    return found === undefined ? undefined : { id: Number(found.id), name: found.username };
  });
}

function nameIn(token: string, settings: Settings): string | undefined {
  try {
    const { current_user: name } = readHmacToken(token, settings.text("STARHUB_JWT_SIGNING_KEY"), new Date());
    return typeof name === "string" ? name : undefined;
  } catch {
    return undefined;
  }
}

export async function findPerson(login: Login, id: number): Promise<Person | undefined> {
  const { rows } = await withDatabase(login, (client) =>
    client.query<{ readonly username: string }>("SELECT username FROM users WHERE id = $1", [id]),
  );
  const [found] = rows;
  return found === undefined ? undefined : { id, name: found.username };
}

/** A token for one errand of a person who has shown their key. */
export function signErrand(name: string, settings: Settings, seconds: number): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = { current_user: name, iss: "OpenCSG", iat: now, exp: now + seconds };
  return signHmacToken(claims, settings.text("STARHUB_JWT_SIGNING_KEY"));
}

export async function makeToken(login: Login, { id }: Person, name: string): Promise<string> {
  const token = randomBytes(20).toString("hex");
  const statement = "INSERT INTO access_tokens (user_id, name, token) VALUES ($1, $2, $3)";
  await withDatabase(login, (client) => client.query(statement, [id, name, token]));
  return token;
}

export async function tokensOf(login: Login, name: string): Promise<readonly object[]> {
  const { rows } = await withDatabase(login, (client) =>
    client.query<object>(
      `SELECT t.name AS token_name, t.token, u.username AS user_name, 'git' AS application
       FROM access_tokens t JOIN users u ON u.id = t.user_id WHERE u.username = $1 ORDER BY t.id`,
      [name],
    ),
  );
  return rows;
}

export async function addKey(login: Login, { id }: Person, key: { readonly name: string; readonly content: string }) {
  const statement = "INSERT INTO ssh_keys (user_id, name, content) VALUES ($1, $2, $3)";
  await withDatabase(login, (client) => client.query(statement, [id, key.name, key.content.trim()]));
}

/** The key whose bytes, in base64, are these, and whose it is. */
export async function findKey(
  login: Login,
  by: { readonly base64: string } | { readonly id: number },
): Promise<{ readonly id: number; readonly content: string; readonly person: Person } | undefined> {
  const [where, value] =
    "id" in by ? ["k.id = $1", by.id] : ["rtrim(split_part(k.content, ' ', 2), '=') = rtrim($1, '=')", by.base64];
  const { rows } = await withDatabase(login, (client) =>
    client.query<{
      readonly id: string;
      readonly content: string;
      readonly user_id: string;
      readonly username: string;
    }>(
      `SELECT k.id, k.content, k.user_id, u.username FROM ssh_keys k JOIN users u ON u.id = k.user_id WHERE ${where}`,
      [value],
    ),
  );
  const [found] = rows;
  if (found === undefined) return undefined;
  const person = { id: Number(found.user_id), name: found.username };
  return { id: Number(found.id), content: found.content, person };
}
