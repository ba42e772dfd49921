import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fixtureBytes, writeSplit } from "../../test/support/bundle-fixture.ts";
import { createBulkFiles } from "../platform/bulk-files.ts";
import { createHashing } from "../platform/hashing.ts";
import { createHashingThreads } from "../platform/hashing-threads.ts";
import { type RepairResult, repairParts, writeParity } from "./parity.ts";
import { addProduct, parityMatrix, planRebuild, productTable } from "./reed-solomon.ts";
import type { SplitHeader } from "./split-header.ts";

const bulkFiles = createBulkFiles();
const ports = { bulkFiles, hashing: createHashing(createHashingThreads(1)) };
const { signal } = new AbortController();
let folder: string;
const at = (name: string): string => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-test-parity-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function sumOf(row: Uint8Array, inputs: readonly Uint8Array[]): Uint8Array {
  const sum = new Uint8Array(inputs[0]?.length ?? 0);
  for (const [index, input] of inputs.entries()) addProduct(sum, input, row[index]!, productTable(row[index]!));
  return sum;
}

test("the first parity row is the plain sum of all parts", () => {
  expect([...parityMatrix(200, 3)[0]!].every((factor) => factor === 1)).toBe(true);
});

test("whatever is lost, as long as it is not more than the parity, comes back as it was", () => {
  const shards = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 8 })).chain(([parts, parity]) =>
    fc.record({
      parts: fc.constant(parts),
      parity: fc.constant(parity),
      data: fc.array(fc.uint8Array({ minLength: 9, maxLength: 9 }), { minLength: parts, maxLength: parts }),
      lost: fc.shuffledSubarray([...Array(parts + parity).keys()], { minLength: 1, maxLength: parity }),
    }),
  );
  fc.assert(
    fc.property(shards, ({ parts, parity, data, lost }) => {
      const all = [...data, ...parityMatrix(parts, parity).map((row) => sumOf(row, data))];

      const plan = planRebuild(parts, parity, lost)!;
      const rebuilt = plan.matrix.map((row) =>
        sumOf(
          row,
          plan.inputs.map((index) => all[index]!),
        ),
      );

      expect(plan.inputs.some((index) => lost.includes(index))).toBe(false);
      expect(rebuilt.map((bytes) => [...bytes])).toEqual(lost.map((index) => [...all[index]!]));
    }),
    { numRuns: 300 },
  );
});

test("the largest number of parts can be rebuilt too", () => {
  const data = Array.from({ length: 250 }, (_, index) => fixtureBytes(`part ${index}`, 16));
  const all = [...data, ...parityMatrix(250, 5).map((row) => sumOf(row, data))];

  const plan = planRebuild(250, 5, [0, 17, 248, 249, 252])!;

  const rebuilt = plan.matrix.map((row) =>
    sumOf(
      row,
      plan.inputs.map((index) => all[index]!),
    ),
  );
  expect(rebuilt.map((bytes) => Buffer.from(bytes).toString("hex"))).toEqual(
    [0, 17, 248, 249, 252].map((index) => Buffer.from(all[index]!).toString("hex")),
  );
});

test("one more than the parity cannot be rebuilt", () => {
  expect(planRebuild(5, 2, [0, 1, 2])).toBeUndefined();
  expect(planRebuild(5, 2, [0, 5, 6])).toBeUndefined();
});

/** A split bundle of seven parts, the last one short, with parity. */
async function prepare(count: number, bytes = fixtureBytes("bundle", 65_000)): Promise<SplitHeader> {
  const { header } = writeSplit(at("usb"), bytes, { partSize: 10_000 });
  const parts = header.parts.map(({ file, size }) => ({ path: at(`usb/${file}`), size }));
  const request = { name: "bundle.tar", folder: at("usb"), parts, partSize: 10_000, count, signal };
  return { ...header, parity: { count, parts: await writeParity(request, bulkFiles) } };
}

function repair(header: SplitHeader, folders = [at("usb")]): Promise<RepairResult> {
  mkdirSync(at("out"), { recursive: true });
  return repairParts({ header, folders, output: at("out"), onBytes: () => undefined, signal }, ports);
}

function content(folderName: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    readdirSync(at(folderName)).map((name) => [name, readFileSync(at(`${folderName}/${name}`)).toString("base64")]),
  );
}

test("missing, damaged and short parts are rebuilt elsewhere, and what was given stays as it is", async () => {
  const header = await prepare(3);
  const whole = content("usb");
  rmSync(at("usb/bundle.tar.part007"));
  truncateSync(at("usb/bundle.tar.part001"), 500);
  writeFileSync(at("usb/bundle.tar.parity002"), fixtureBytes("damage", 10_000));
  const given = content("usb");

  const result = await repair(header);

  expect(result.rebuilt.map(({ file, why }) => `${file} ${why}`)).toEqual([
    "bundle.tar.part001 is 500 bytes of 10000",
    "bundle.tar.part007 is missing",
    "bundle.tar.parity002 is damaged",
  ]);
  const names = ["bundle.tar.part001", "bundle.tar.part007", "bundle.tar.parity002"];
  expect(content("out")).toEqual(Object.fromEntries(names.map((name) => [name, whole[name]])));
  expect(content("usb")).toEqual(given);
});

test("one part of plain XOR parity is rebuilt, also where the parts lie in several folders", async () => {
  const header = await prepare(1);
  const whole = content("usb");
  mkdirSync(at("other"));
  writeFileSync(at("other/bundle.tar.part003"), readFileSync(at("usb/bundle.tar.part003")));
  rmSync(at("usb/bundle.tar.part003"));
  rmSync(at("usb/bundle.tar.part006"));

  await repair(header, [at("usb"), at("other")]);

  expect(content("out")).toEqual({ "bundle.tar.part006": whole["bundle.tar.part006"] });
});

test("nothing is written when nothing is lost", async () => {
  const header = await prepare(1);

  expect(await repair(header)).toEqual({ rebuilt: [], good: 8 });
  expect(readdirSync(at("out"))).toEqual([]);
});

test("when more is lost than parity makes up for, everything lost is named and nothing is written", async () => {
  const header = await prepare(1);
  rmSync(at("usb/bundle.tar.part002"));
  rmSync(at("usb/bundle.tar.part005"));

  await expect(repair(header)).rejects.toMatchObject({
    code: "BUNDLE_INVALID",
    message: "bundle.tar cannot be repaired: 2 of its parts are lost, and parity is left for 1",
    details: ["bundle.tar.part002 is missing", "bundle.tar.part005 is missing"],
  });
  expect(readdirSync(at("out"))).toEqual([]);
});

test("what is there under the name of a rebuilt part is not replaced", async () => {
  const header = await prepare(1);
  rmSync(at("usb/bundle.tar.part002"));
  mkdirSync(at("out"));
  writeFileSync(at("out/bundle.tar.part002"), "mine");

  await expect(repair(header)).rejects.toThrow("part002 exists and is not replaced");
  expect(readFileSync(at("out/bundle.tar.part002"), "utf8")).toBe("mine");
});

test("a header with wrong digests does not lead to wrong parts", async () => {
  const header = await prepare(1);
  const [first, ...others] = header.parts;
  rmSync(at("usb/bundle.tar.part001"));

  await expect(repair({ ...header, parts: [{ ...first!, digest: others[0]!.digest }, ...others] })).rejects.toThrow(
    "bundle.tar.part001 came out with the digest",
  );
  expect(readdirSync(at("out")).filter((name) => !name.endsWith(".partial"))).toEqual([]);
});

test("more parts than the field has elements are refused", async () => {
  const parts = Array.from({ length: 255 }, (_, index) => ({ path: at(String(index)), size: 1 }));

  await expect(
    writeParity({ name: "b", folder, parts, partSize: 1, count: 1, signal }, bulkFiles),
  ).rejects.toMatchObject({ code: "USAGE" });
});
