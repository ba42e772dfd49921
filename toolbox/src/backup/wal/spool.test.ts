import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hasLostPlace } from "./receiver.ts";
import { segmentName } from "./segments.ts";
import { clearSpool, countSegments, fillCut, partsInCut, removeStored, type Spool, spoolIn } from "./spool.ts";

let root: string;
let spool: Spool;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "slipway-spool-"));
  spool = spoolIn(root, join(root, "cut"));
  for (const folder of [spool.cut, spool.receive]) await mkdir(folder);
});

afterEach(() => rm(root, { recursive: true, force: true }));

async function received(...names: readonly string[]): Promise<void> {
  for (const name of names) await writeFile(join(spool.receive, name), name);
}

const [five, six, seven] = [5, 6, 7].map((number) => segmentName(1, number)) as [string, string, string];

describe("what was received", () => {
  it("is moved where nobody writes when it is whole, and copied while it is written", async () => {
    await received(five, six, `${seven}.partial`, "00000001.history");

    await fillCut(spool);

    expect((await readdir(spool.cut)).sort()).toEqual([five, six, `${seven}.partial`]);
    expect((await readdir(spool.receive)).sort()).toEqual(["00000001.history", `${seven}.partial`]);
    expect(await partsInCut(spool)).toEqual({ whole: { first: 5, last: 6 }, part: 7 });
    expect(await countSegments(spool)).toBe(2);
  });

  it("takes the place of the copy that was made of it before", async () => {
    await received(`${five}.partial`);
    await fillCut(spool);
    await rm(join(spool.receive, `${five}.partial`));
    await received(five, `${six}.partial`);

    await fillCut(spool);

    expect((await readdir(spool.cut)).sort()).toEqual([five, `${six}.partial`]);
    expect(await readFile(join(spool.cut, five), "utf8")).toBe(five);
  });

  it.each([
    ["nothing is there", []],
    ["one in between is missing", [five, seven]],
    ["the one that is written does not follow", [five, `${seven}.partial`]],
  ])("is of no use where %s", async (_, names) => {
    await received(...names);
    await fillCut(spool);

    expect(await partsInCut(spool)).toBeUndefined();
  });

  it("goes once it is stored and there is much of it; the last one stays", async () => {
    const names = Array.from({ length: 32 }, (_, index) => segmentName(1, index));
    await received(...names.slice(1));
    await fillCut(spool);
    await removeStored(spool);
    const few = (await readdir(spool.cut)).length;
    await writeFile(join(spool.cut, names[0] ?? ""), "");

    await removeStored(spool);

    expect(few).toBe(31);
    expect(await readdir(spool.cut)).toEqual([names.at(-1)]);
  });

  it("goes altogether for a new line", async () => {
    await received(five);
    await fillCut(spool);
    await clearSpool(spool);

    expect([...(await readdir(spool.cut)), ...(await readdir(spool.receive))]).toEqual([]);
  });
});

it.each([
  ["pg_receivewal: error: … ERROR:  requested WAL segment 000000010000000000000005 has already been removed", true],
  ['ERROR:  can no longer access replication slot "slipway_wal"', true],
  ['ERROR:  replication slot "slipway_wal" does not exist', true],
  ['connection to server at "db" failed: Connection refused', false],
  ["", false],
])("%j loses the place in the log: %s", (words, isLost) => {
  expect(hasLostPlace(words)).toBe(isLost);
});
