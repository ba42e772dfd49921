import type { Login } from "../../../../toolbox/src/postgres-client.ts";
import { StartRefusal } from "./start-refusal.ts";

const tlsModes: Readonly<Record<string, Login["tls"]>> = {
  disable: "off",
  allow: "require",
  prefer: "require",
  require: "require",
  "verify-ca": "verify",
  "verify-full": "verify",
};

/**
 * Reads a connection string as Go's URL parser and bun's driver for PostgreSQL do. Its user and password never stand in a message.
 * @throws {StartRefusal} where the driver panics: another scheme, characters that are not percent-encoded, a port that is no number, an
 *   unknown `sslmode`; and, stricter than it, for a password with `@` or `:` in it and for no name of a database.
 */
export function parseDsn(text: string): Login {
  const [, scheme = "", rest = ""] = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(.*)$/s.exec(text) ?? [];
  if (scheme !== "postgres" && scheme !== "postgresql") throw panic(`pgdriver: invalid scheme: ${scheme}`);
  const [, authority = "", path = "", query = ""] = /^([^/?#]*)([^?#]*)(?:\?([^#]*))?/.exec(rest) ?? [];
  const at = authority.lastIndexOf("@");
  const { user, password } = userOf(authority.slice(0, Math.max(at, 0)));
  const { host, port } = hostOf(authority.slice(at + 1));
  const database = decode(path.slice(1));
  if (database === "") throw new StartRefusal("the connection string names no database (strictness of the stand-in)");
  const parameters = new URLSearchParams(query);
  const mode = parameters.get("sslmode") ?? "require";
  const tls = tlsModes[mode];
  if (tls === undefined) throw panic(`pgdriver: sslmode '${mode}' is not supported`);
  const caFile = parameters.get("sslrootcert");
  return { host, port, user, password, database, tls, ...(caFile === null ? {} : { caFile }) };
}

function userOf(text: string): { readonly user: string; readonly password: string } {
  if (!/^[\w.~!$&'()*+,;=:%@-]*$/.test(text)) throw panic("parse connection string: net/url: invalid userinfo");
  const colon = text.indexOf(":");
  const password = colon < 0 ? "" : text.slice(colon + 1);
  if (/[@:]/.test(password))
    throw new StartRefusal("the password is not percent-encoded in the connection string (strictness of the stand-in)");
  return { user: decode(colon < 0 ? text : text.slice(0, colon)), password: decode(password) };
}

function hostOf(text: string): { readonly host: string; readonly port: `${number}` } {
  const [, host = "", port] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(text) ?? [];
  // What stands there may be a piece of a password.
  if (port !== undefined && !/^\d*$/.test(port)) throw panic("parse connection string: invalid port after host");
  return { host: host.replace(/^\[|\]$/g, ""), port: `${port === undefined || port === "" ? 5432 : Number(port)}` };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw panic("parse connection string: invalid URL escape");
  }
}

function panic(message: string): StartRefusal {
  return new StartRefusal(message, { panics: true });
}
