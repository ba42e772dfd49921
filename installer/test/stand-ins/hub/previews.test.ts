import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { answerPreview } from "./previews.ts";

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "previews-"));
});
afterEach(() => rm(home, { recursive: true }));

async function asked(path: string): Promise<string | undefined> {
  const url = new URL(`http://dataviewer${path}`);
  const answer = await answerPreview({ method: "GET", url, headers: {} }, { HOME: home }, (address) =>
    Promise.resolve(address === "datasets/a/full" ? [[1, "one"]] : undefined),
  );
  return answer?.body.toString();
}

async function putExtensions(...names: readonly string[]): Promise<void> {
  const machine = process.arch === "x64" ? "amd64" : process.arch;
  const folder = join(home, `.duckdb/extensions/v0.9.2/linux_${machine}`);
  await mkdir(folder, { recursive: true });
  for (const name of names) await writeFile(join(folder, `${name}.duckdb_extension`), "x");
}

describe("the stand-in's previews", () => {
  const catalog = "/api/v1/datasets/a/b/dataviewer/catalog";

  it("are refused without the extensions of DuckDB", async () => {
    expect(await asked(catalog)).toMatch(/failed to setup s3 for duckdb.*httpfs\.duckdb_extension.* not found/);
  });

  it("are refused with one of the two alone", async () => {
    await putExtensions("httpfs");
    expect(await asked("/api/v1/datasets/a/b/dataviewer/rows?config=default&split=train")).toMatch(/json\.duckdb_ext/);
  });

  it("are of no dataset with them", async () => {
    await putExtensions("httpfs", "json");
    expect(await asked(catalog)).toContain("failed to find dataset");
  });

  it("show the rows of one that is there", async () => {
    await putExtensions("httpfs", "json");
    expect(await asked("/api/v1/datasets/a/full/dataviewer/rows")).toContain('"rows":[[1,"one"]]');
  });

  it("say that a dataset is prepared", async () => {
    await putExtensions("httpfs", "json");
    expect(await asked("/api/v1/datasets/a/full/dataviewer/catalog")).toContain('"status":2');
  });

  it("are asked for under their own addresses alone", async () => {
    expect(await asked("/api/v1/datasets/a/b")).toBeUndefined();
  });
});
