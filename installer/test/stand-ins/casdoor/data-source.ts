import { readFileSync } from "node:fs";

/** How the database is reached, from Casdoor's `dataSourceName`. */
export interface DataSource {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly ssl: false | { readonly rejectUnauthorized: boolean; readonly ca?: string };
}

/**
 * Reads a data source name: a `postgres://` URL, or words `key=value` that are split at every space, as XORM does.
 * @throws {Error} when it is empty, has a word without `=`, or names no database.
 */
export function parseDataSource(
  text: string,
  readFile = (path: string): string => readFileSync(path, "utf8"),
): DataSource {
  const values = /^postgres(ql)?:\/\//.test(text) ? fromUrl(text) : fromWords(text);
  const database = values.get("dbname") ?? "";
  if (database === "") throw new Error("dbname is empty");
  return {
    host: values.get("host") ?? "localhost",
    port: Number(values.get("port") ?? "5432"),
    user: values.get("user") ?? "",
    password: values.get("password") ?? "",
    database,
    ssl: tls(values.get("sslmode") ?? "require", values.get("sslrootcert"), readFile),
  };
}

function fromUrl(text: string): Map<string, string> {
  const url = new URL(text);
  const values = new Map<string, string>(url.searchParams.entries());
  values.set("host", url.hostname);
  if (url.port !== "") values.set("port", url.port);
  values.set("user", decodeURIComponent(url.username));
  values.set("password", decodeURIComponent(url.password));
  values.set("dbname", decodeURIComponent(url.pathname.slice(1)));
  return values;
}

function fromWords(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const word of text.trim().split(" ")) {
    const at = word.indexOf("=");
    if (at < 0) throw new Error(`invalid option: "${word}"`);
    values.set(word.slice(0, at), word.slice(at + 1));
  }
  return values;
}

function tls(mode: string, caFile: string | undefined, readFile: (path: string) => string): DataSource["ssl"] {
  switch (mode) {
    case "disable":
      return false;
    case "require":
      return { rejectUnauthorized: false };
    case "verify-ca":
    case "verify-full":
      return { rejectUnauthorized: true, ...(caFile === undefined ? {} : { ca: readFile(caFile) }) };
    default:
      throw new Error(
        `unsupported sslmode "${mode}"; only "require" (default), "verify-full", "verify-ca", and "disable" supported`,
      );
  }
}
