import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { HubJourneyWire } from "../contract.generated.ts";
import { previewDataset } from "./preview-dataset.ts";

interface Answer {
  readonly status: number;
  readonly body: object;
}

let folder: string;
let server: Server | undefined;
let asked: string[];
let notes: string[];
/** What the viewer says of its work, one answer after the other. */
let progress: object[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "preview-"));
  await mkdir(join(folder, "data"));
  asked = [];
  notes = [];
  progress = [prepared];
});
afterEach(async () => {
  server?.close();
  await rm(folder, { recursive: true });
});

/** Goes the way to a hub that answers the preview so; gives what was pushed. */
async function preview(rows: Answer): Promise<readonly string[]> {
  server = createServer((request, response) => {
    asked.push(`${request.method ?? ""} ${request.url ?? ""}`);
    const answer = answerTo(request.url ?? "", rows);
    response.writeHead(answer.status, { "content-type": "application/json" });
    response.end(JSON.stringify(answer.body));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const hubUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const commands: string[] = [];
  const client = {
    folder,
    publicKey: () => Promise.resolve(""),
    git: (below: string, ...args: readonly string[]) => {
      commands.push(`${below}: ${args.join(" ").replace(hubUrl, "")}`);
      return Promise.resolve();
    },
    remove: () => Promise.resolve(),
  };
  const { signal } = new AbortController();
  const context = { signal, note: (text: string) => void notes.push(text), atEnd: () => undefined };
  const wire = { hubUrl } as unknown as HubJourneyWire;
  const way = { wire, context, access: { hubUrl, signal }, names: [], repositories: [] as number[] };
  const dataset = await previewDataset(way, { name: "ann", token: "t" }, client, {
    withinMs: 50,
    everyMs: 5,
  });
  expect(way.repositories).toEqual([7]);
  expect(dataset).toMatchObject({ kind: "datasets", path: "ann/journey-data" });
  return commands;
}

function answerTo(path: string, rows: Answer): Answer {
  if (path.includes("/dataviewer/rows")) return rows;
  if (!path.includes("/dataviewer/catalog")) return { status: 200, body: made };
  return { status: 200, body: { msg: "OK", data: progress.length > 1 ? progress.shift() : progress[0] } };
}

const prepared = { status: 2, logs: "Done", configs: [{ config_name: "default" }] };
const made = { msg: "OK", data: { repository_id: 7 } };
const shown = (...rows: readonly (readonly unknown[])[]) => ({
  status: 200,
  body: { msg: "OK", data: { columns: ["id", "word"], rows, total: rows.length } },
});

describe("a look into a dataset", () => {
  test("makes it, pushes a parquet file as a large one, and reads its rows in an order", async () => {
    const commands = await preview(shown([1, "one"], [2, "two"], [3, "three"]));

    expect(asked).toEqual([
      "POST /api/v1/datasets",
      "GET /api/v1/datasets/ann/journey-data/dataviewer/rows?config=default&split=train&orderby=id&page=1&per=10",
      "GET /api/v1/datasets/ann/journey-data/dataviewer/catalog",
    ]);
    expect(commands[0]).toBe(".: clone --quiet /datasets/ann/journey-data.git data");
    expect(commands.slice(-2)).toEqual(["data: lfs push origin HEAD", "data: push --quiet"]);
    const file = await readFile(join(folder, "data/train.parquet"), "latin1");
    expect([file.slice(0, 4), file.slice(-4)]).toEqual(["PAR1", "PAR1"]);
  });

  test("tells a viewer without its extensions from other failures", async () => {
    const said = "failed to init parquet reader, failed to setup s3 for duckdb, cause:IO Error: no such file";

    await expect(preview({ status: 500, body: { msg: said } })).rejects.toMatchObject({
      message: expect.stringContaining("answered 500") as string,
      advice: expect.stringContaining("no extensions of DuckDB") as string,
    });
  });

  test("sends to the logs for every other failure", async () => {
    await expect(preview({ status: 502, body: { msg: "bad gateway" } })).rejects.toMatchObject({
      advice: expect.stringContaining("look at the logs") as string,
    });
  });

  test("does not take other rows, or the same in another order, for the ones that were pushed", async () => {
    await expect(preview(shown([2, "two"], [1, "one"], [3, "three"]))).rejects.toThrow("other rows");
    await expect(preview(shown())).rejects.toThrow("other rows");
  });

  test("ends when the viewer has done its work, so that it is not left with a deleted dataset", async () => {
    const withoutFiles = { status: 2, logs: "Done", configs: null };
    progress = [withoutFiles, { status: 0, logs: "Pending" }, { status: 0, configs: prepared.configs }, prepared];
    await preview(shown([1, "one"], [2, "two"], [3, "three"]));

    expect(asked.filter((line) => line.endsWith("/catalog"))).toHaveLength(4);
    expect(notes.at(-1)).toBe("the viewer has prepared the dataset");
  });

  test("does not wait for ever behind the datasets of others", async () => {
    progress = [{ status: 0, logs: "Pending" }];
    await preview(shown([1, "one"], [2, "two"], [3, "three"]));

    expect(notes.at(-1)).toMatch(/not prepared the dataset yet/);
  });

  test("says what the viewer says when it cannot do its work", async () => {
    progress = [{ status: 3, logs: "failed to upload" }];

    await expect(preview(shown([1, "one"], [2, "two"], [3, "three"]))).rejects.toThrow(
      /cannot prepare.*failed to upload/,
    );
  });
});
