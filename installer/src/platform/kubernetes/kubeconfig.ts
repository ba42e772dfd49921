import { readFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { parse } from "yaml";
import { PreflightError } from "../../errors/installer-error.ts";

/** A map of the kubeconfig, of which nothing is known. */
export type Entry = Readonly<Record<string, unknown>>;

export interface NamedEntry {
  readonly content: Entry;
  readonly file: string;
}

export interface Kubeconfig {
  readonly files: readonly string[];
  readonly currentContext: string | undefined;
  readonly contexts: ReadonlyMap<string, NamedEntry>;
  readonly clusters: ReadonlyMap<string, NamedEntry>;
  readonly users: ReadonlyMap<string, NamedEntry>;
}

/**
 * Reads what kubectl reads: every file of KUBECONFIG, or ~/.kube/config; the first that names a thing wins; a file of
 * KUBECONFIG that is not there is passed over.
 * @throws PreflightError when there is none, or one cannot be read
 */
export function readKubeconfig(env: Readonly<Record<string, string | undefined>>): Kubeconfig {
  const given = (env["KUBECONFIG"] ?? "").split(delimiter).filter((path) => path !== "");
  const paths = given.length > 0 ? given : [join(env["HOME"] ?? "/root", ".kube", "config")];
  const files = paths.flatMap((path) => {
    const contents = readIfPresent(path);
    return contents === undefined ? [] : [{ path: resolve(path), content: parseFile(path, contents) }];
  });
  if (files.length === 0) throw noKubeconfig(paths, given.length > 0);
  const named = (list: string, entry: string): ReadonlyMap<string, NamedEntry> => {
    const all = files.flatMap(({ path, content }) => namedEntries(path, content, list, entry));
    // The first wins.
    return new Map(all.toReversed());
  };
  return {
    files: files.map(({ path }) => path),
    currentContext: files.map(({ content }) => text(content, "current-context")).find((name) => name !== undefined),
    contexts: named("contexts", "context"),
    clusters: named("clusters", "cluster"),
    users: named("users", "user"),
  };
}

function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new PreflightError(`the kubeconfig ${path} cannot be read (${code ?? "unknown"})`, {
      hint: "check who may read it, and that KUBECONFIG names files",
      cause: error,
    });
  }
}

function parseFile(path: string, contents: string): Entry {
  let content: unknown;
  try {
    content = parse(contents, { logLevel: "error", maxAliasCount: 100 });
  } catch (error) {
    const { linePos } = error as { readonly linePos?: readonly { readonly line: number }[] };
    const line = linePos?.[0]?.line;
    // The parser's own words quote the line, which may hold a token.
    throw damaged(path, line === undefined ? "it is not YAML" : `line ${line} is not YAML`);
  }
  if (content === null) return {};
  if (!isEntry(content)) throw damaged(path, "it does not hold keys and values");
  return content;
}

function namedEntries(path: string, content: Entry, list: string, entry: string): readonly [string, NamedEntry][] {
  const entries = content[list] ?? [];
  if (!Array.isArray(entries)) throw damaged(path, `${list} is not a list`);
  return entries.map((each: unknown, index) => {
    const name = isEntry(each) ? text(each, "name") : undefined;
    if (!isEntry(each) || name === undefined) throw damaged(path, `${list}[${index}] has no name`);
    const found = each[entry] ?? {};
    if (!isEntry(found)) throw damaged(path, `${list}[${index}].${entry} does not hold keys and values`);
    return [name, { content: found, file: path }];
  });
}

function noKubeconfig(paths: readonly string[], given: boolean): PreflightError {
  const where = paths.join(", ");
  return new PreflightError(`there is no kubeconfig: ${where} ${paths.length > 1 ? "are" : "is"} not there`, {
    hint: given
      ? "KUBECONFIG names it: set it to the file that your cluster's administrator gave you, or unset it"
      : "put the one that your cluster's administrator gave you there, or name its place in KUBECONFIG",
  });
}

export function damaged(path: string, problem: string): PreflightError {
  return new PreflightError(`the kubeconfig ${path} is damaged: ${problem}`, {
    hint: "get it anew from where it came; kubectl config view shows what can be read of it",
  });
}

export function isEntry(value: unknown): value is Entry {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function entriesOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A text that is there and not empty; a number counts as one, because YAML makes numbers of some names. */
export function text(entry: Entry, key: string): string | undefined {
  const value = entry[key];
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}
