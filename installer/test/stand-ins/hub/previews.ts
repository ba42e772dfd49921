import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { errorText } from "../../../../toolbox/src/errors.ts";
import { type Answer, type Exchange, json } from "./http.ts";
import type { Environment } from "./settings.ts";

/** What DuckDB loads before the first preview, by the name of its version and of the machine. */
const version = "v0.9.2";
const names = ["httpfs", "json"];
const machines: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

/**
 * Reads the extensions as DuckDB would. The real one fetches what is missing from its maker's site where it can write; this one never does.
 * @throws {Error} naming the file that cannot be read.
 */
export async function readExtensions(environment: Environment): Promise<void> {
  const folder = `.duckdb/extensions/${version}/linux_${machines[process.arch] ?? process.arch}`;
  for (const name of names) {
    const file = join(environment["HOME"] ?? "/", folder, `${name}.duckdb_extension`);
    const contents = await readFile(file).catch((error: unknown) => {
      throw new Error(`IO Error: Extension "${file}" not found. (${errorText(error)})`);
    });
    if (contents.length === 0) throw new Error(`IO Error: Could not read from file "${file}": Invalid argument`);
  }
}

/** What the real one says when its workflow on a dataset has ended. */
const prepared = {
  status: 2,
  logs: "Done",
  configs: [{ config_name: "default", data_files: [{ split: "train", path: ["train.parquet"] }] }],
};

/** The rows of a dataset, by its address; undefined where there is none with a file to show. */
export type ReadRows = (address: string) => Promise<readonly (readonly unknown[])[] | undefined>;

export async function answerPreview(
  { method, url }: Exchange,
  environment: Environment,
  readRows: ReadRows,
): Promise<Answer | undefined> {
  const [, address = "", what] =
    /^\/api\/v1\/(datasets\/[^/]+\/[^/]+)\/dataviewer\/(catalog|rows)$/.exec(url.pathname) ?? [];
  if (method !== "GET" || what === undefined) return undefined;
  try {
    await readExtensions(environment);
  } catch (error) {
    const reason = `failed to setup s3 for duckdb, cause:${errorText(error)}`;
    return json(500, { msg: `failed to init parquet reader, failed to create parquet reader,cause: ${reason}` });
  }
  const rows = await readRows(address);
  if (rows === undefined) return json(500, { msg: "failed to find dataset, error: sql: no rows in result set" });
  return json(200, { msg: "OK", data: what === "rows" ? { rows, total: rows.length } : prepared });
}
