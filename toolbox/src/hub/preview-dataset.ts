import { setTimeout as sleep } from "node:timers/promises";
import { ToolboxError } from "../errors.ts";
import { excerpt, jsonOf } from "../http-request.ts";
import type { GitClient } from "./git-client.ts";
import { callHub, type HubAccess, type HubPerson } from "./hub-api.ts";
import { commitLargeFile, makeRepository, push, type Repository, type Way } from "./journey-repository.ts";

/** Parquet of three rows, 1 to 3 and one to three, in the columns `id` and `word`; DuckDB 0.9.2 wrote it, uncompressed. */
const parquet =
  "UEFSMRUAFSQVJCwVBhUAFQYVBgAAAgAAAAYBAQAAAAIAAAADAAAAFQAVOhU6LBUGFQAVBhUGAAACAAAABgEDAAAAb25lAwAAAHR3bwUAAAB0aHJlZRUCGTw1ABgNZHVja2RiX3NjaGVtYRUEABUCJQIYAmlkJSIAFQwlAhgEd29yZCUAABYGGRwZLCYAHBUCGRUAGRgCaWQVABYGFkYWRiYIPBgEAwAAABgEAQAAABYAKAQDAAAAGAQBAAAAAAAAJgAcFQwZFQAZGAR3b3JkFQAWBhZcFlwmTjwYA3R3bxgDb25lFgAoA3R3bxgDb25lAAAAFoCIBRYGJggAKAZEdWNrREIAsAAAAFBBUjE=";

export interface PreviewedDataset extends Repository {
  /** Where its rows are asked for. */
  readonly rowsPath: string;
}

/** How long the viewer is waited for, and how often it is asked. */
export interface Patience {
  readonly withinMs: number;
  readonly everyMs: number;
}

/** Makes a dataset, pushes a file and reads its rows as the page of the hub does, in an order: that is what DuckDB does. */
export async function previewDataset(
  way: Way,
  author: HubPerson,
  client: GitClient,
  patience: Patience = { withinMs: 60_000, everyMs: 1000 },
): Promise<PreviewedDataset> {
  const kind = "datasets";
  const path = await makeRepository(way, author, { kind, name: "journey-data" });
  await client.git(".", "clone", "--quiet", `${way.wire.hubUrl}/${kind}/${path}.git`, "data");
  const content = Buffer.from(parquet, "base64");
  await commitLargeFile(way, client, { folder: "data", name: "train.parquet", content });
  await push(client, "data");
  const rowsPath = `/api/v1/${kind}/${path}/dataviewer/rows?config=default&split=train&orderby=id&page=1&per=10`;
  await requireRows(way.access, { path: rowsPath, token: author.token });
  way.context.note("read the rows of a dataset in its preview");
  await awaitViewer(way, { path: `/api/v1/${kind}/${path}/dataviewer/catalog`, token: author.token }, patience);
  return { kind, path, rowsPath };
}

/** @throws ToolboxError that tells a viewer without DuckDB's extensions from other failures. */
async function requireRows(access: HubAccess, call: { readonly path: string; readonly token: string }): Promise<void> {
  const answer = await callHub(access, call);
  const said = excerpt(answer.body);
  if (answer.status !== 200) {
    const noExtension = /for duckdb/i.test(answer.body.toString("utf8"));
    throw new ToolboxError(`the preview of a dataset answered ${answer.status}: ${said}`, {
      advice: noExtension
        ? "the viewer has no extensions of DuckDB: take a hub's image that holds them below /root/.duckdb, then slipway install; on Kubernetes see cluster.imageVolumes of the chart"
        : "look at the logs of the hub's server and of its dataset viewer",
    });
  }
  const { data } = jsonOf(answer, "the preview of a dataset") as {
    readonly data?: { readonly rows?: readonly (readonly unknown[])[] };
  };
  const rows = (data?.rows ?? []).map((row) => row.map(String).join(" "));
  if (rows.join(", ") !== "1 one, 2 two, 3 three")
    throw new ToolboxError(`the preview of a dataset shows other rows than were pushed: ${said}`);
}

/** What the viewer says of its own work on a dataset. */
const done = 2;
const failed = 3;

/**
 * Rows are shown before the viewer has done its own work on a dataset: a copy of it on a branch. It does one dataset at a time, and on one that
 * is deleted meanwhile it tries again two minutes later, so that everybody else's would wait.
 * @throws ToolboxError when it cannot do its work. Not having begun is none: another's large dataset may be before this one.
 */
async function awaitViewer(
  { access, context }: Way,
  call: { readonly path: string; readonly token: string },
  { withinMs, everyMs }: Patience,
): Promise<void> {
  const until = Date.now() + withinMs;
  do {
    const answer = await callHub(access, call);
    const { data } = answer.status === 200 ? (jsonOf(answer, "the catalog of a dataset") as CatalogAnswer) : {};
    // Its first work is on the dataset without files, and of that no configuration comes.
    if (data?.status === done && (data.configs ?? []).length > 0) {
      context.note("the viewer has prepared the dataset");
      return;
    }
    if (data?.status === failed)
      throw new ToolboxError(`the dataset viewer cannot prepare a dataset: ${data.logs ?? "it does not say why"}`, {
        advice: "look at the logs of the hub's dataset viewer and of Gitaly",
      });
    await sleep(everyMs, undefined, { signal: context.signal });
  } while (Date.now() < until);
  context.note("the viewer has not prepared the dataset yet: others may be before it");
}

interface CatalogAnswer {
  readonly data?: { readonly status?: number; readonly logs?: string; readonly configs?: readonly object[] | null };
}
