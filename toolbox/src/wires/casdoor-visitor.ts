import { randomBytes } from "node:crypto";
import type { Client } from "pg";
import type { OidcWire } from "../contract.generated.ts";
import { NotRefusedError, ToolboxError } from "../errors.ts";
import { type HttpAnswer, jsonOf, sendHttp } from "../http-request.ts";
import { connectPostgres, tablesOf } from "../postgres-client.ts";
import type { WireContext } from "./wire-check.ts";

/** How a client is known to Casdoor, and where Casdoor keeps what its visitors leave. */
export type CasdoorAccess = Omit<OidcWire, "kind" | "name" | "from" | "to" | "discoveryUrl">;

/** A user of the organization who exists only while the wire is proved, so that no person's account is touched. */
export interface Visitor {
  readonly name: string;
  readonly password: string;
  /** A request under an address that carries the visitor's name, by which the record of it is found again. */
  readonly marked: (url: string) => string;
}

/** What such users have in their column `register_type`, which nobody who signs up can set. */
const registerType = "slipway-verify";

const advice = "client id or secret differ from Casdoor's: slipway run casdoor-bootstrap sets them";

interface ApiAnswer {
  readonly status?: string;
  readonly msg?: string;
  readonly data?: unknown;
}

/**
 * Adds a user by Casdoor's API with the client's own credentials, as the hub does, and removes it and all that it leaves at the end.
 * @throws ToolboxError when Casdoor does not let the client do it.
 */
export async function addVisitor(wire: CasdoorAccess, context: WireContext): Promise<Visitor> {
  const name = `slipway-verify-${randomBytes(12).toString("hex")}`;
  // Of every class that the rules for passwords ask for.
  const password = `Aa1#${randomBytes(16).toString("hex")}`;
  const visitor: Visitor = { name, password, marked: (url) => withName(url, name) };
  context.atEnd(() => removeTraces(wire, visitor, context));
  const { status, msg, data } = await post(wire, visitor, "/api/add-user", {
    owner: wire.organization,
    name,
    displayName: "Proof of the sign-in",
    // The hub lets nobody without one make anything; nothing is ever sent to this domain.
    email: `${name}@slipway.invalid`,
    password,
    type: "normal-user",
    signupApplication: wire.application,
    registerType,
  });
  if (status !== "ok" || data !== "Affected")
    throw new ToolboxError(`${wire.application} may not add a user: ${msg ?? "no reason given"}`, { advice });
  context.atEnd(async () => {
    const gone = await post(wire, visitor, "/api/delete-user", { owner: wire.organization, name });
    if (gone.status !== "ok") throw new ToolboxError(`user ${name} could not be deleted: ${gone.msg ?? ""}`);
  });
  context.note("added a user of its own by the client's credentials");
  return visitor;
}

/**
 * Asks for the visitor's profile as the client and as a stranger.
 * @throws NotRefusedError when a stranger is shown it.
 */
export async function proveProfile(wire: CasdoorAccess, { name }: Visitor, context: WireContext): Promise<void> {
  const url = new URL("/api/get-user", wire.issuer);
  url.searchParams.set("id", `${wire.organization}/${name}`);
  const own = jsonOf(await send(wire, { url: url.toString(), headers: authorization(wire) }), "the user") as ApiAnswer;
  if (own.status !== "ok" || (own.data as { readonly name?: string } | null)?.name !== name)
    throw new ToolboxError(`${wire.application} may not read a user: ${own.msg ?? "no reason given"}`, { advice });
  const stranger = jsonOf(await send(wire, { url: url.toString() }), "the user") as ApiAnswer;
  if (stranger.status === "ok")
    throw new NotRefusedError(
      "a user's profile is shown to strangers",
      `profiles of organization ${wire.organization} are public: slipway run casdoor-bootstrap closes them`,
    );
  context.note("read the user by the client's credentials; a stranger is refused");
}

/**
 * Looks at what anybody may see of Casdoor's own application, whose people administer all others.
 * @throws NotRefusedError when it lets people sign up.
 */
export async function proveClosedSignUp(wire: CasdoorAccess, context: WireContext): Promise<void> {
  const url = new URL("/api/get-application?id=admin/app-built-in", wire.issuer);
  const answer = jsonOf(await send(wire, { url: url.toString() }), "Casdoor's own application") as ApiAnswer;
  const { status, msg, data } = answer;
  if (status !== "ok") throw new ToolboxError(`Casdoor's own application is not shown: ${msg ?? "no reason given"}`);
  if ((data as { readonly enableSignUp?: boolean } | null)?.enableSignUp === true)
    throw new NotRefusedError(
      "anybody may sign up as an administrator of everything",
      "sign-up of app-built-in is open: slipway run casdoor-bootstrap closes it",
    );
  context.note("nobody may sign up to Casdoor's own organization");
}

function withName(address: string, name: string): string {
  const url = new URL(address);
  url.searchParams.set("state", name);
  return url.toString();
}

function authorization({ clientId, clientSecret }: CasdoorAccess): Readonly<Record<string, string>> {
  return { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}` };
}

async function post(wire: CasdoorAccess, visitor: Visitor, path: string, user: object): Promise<ApiAnswer> {
  const answer = await send(wire, {
    method: "POST",
    url: visitor.marked(new URL(path, wire.issuer).toString()),
    headers: { "content-type": "application/json", "accept-language": "en", ...authorization(wire) },
    body: JSON.stringify(user),
  });
  return jsonOf(answer, `the answer to ${path}`) as ApiAnswer;
}

/** Without the wire's signal, which is aborted when the end comes. */
async function send(wire: CasdoorAccess, request: Parameters<typeof sendHttp>[0]): Promise<HttpAnswer> {
  return sendHttp({ ...request, caFile: wire.caFile, resolve: wire.resolve, timeoutMs: 8000 });
}

const looks = 20;
const lookAgainMs = 100;

/**
 * Casdoor never removes its records, keeps tokens for weeks, and leaves both when a user is deleted; so they are removed in its database,
 * with those of earlier runs that were killed. It writes records after it has answered: they are looked for until none comes any more.
 */
async function removeTraces(wire: CasdoorAccess, { name }: Visitor, context: WireContext): Promise<void> {
  const client = await connectPostgres(wire.database);
  try {
    const left = await client.query<{ name: string }>(
      `delete from "user" where owner = $1 and register_type = $2 returning name`,
      [wire.organization, registerType],
    );
    const names = [name, ...left.rows.map((row) => row.name)];
    const tables = await tablesOf(client);
    if (tables.has("token"))
      await client.query(`delete from token where organization = $1 and "user" = any($2)`, [wire.organization, names]);
    if (tables.has("session"))
      await client.query("delete from session where owner = $1 and name = any($2)", [wire.organization, names]);
    if (tables.has("record")) await removeRecords(client, names);
    context.note("left no user, token or record behind");
  } finally {
    await client.end();
  }
}

async function removeRecords(client: Client, names: readonly string[]): Promise<void> {
  const patterns = names.map((name) => `%${name}%`);
  let quiet = 0;
  for (let look = 0; look < looks && quiet < 3; look += 1) {
    if (look > 0) await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
    const { rowCount } = await client.query("delete from record where request_uri like any($1)", [patterns]);
    quiet = rowCount === 0 ? quiet + 1 : 0;
  }
}
