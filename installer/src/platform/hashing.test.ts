import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createHashing } from "./hashing.ts";
import { createHashingThreads } from "./hashing-threads.ts";

const never = new AbortController().signal;
const bytes = Buffer.alloc(20 * 1024 * 1024);
for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE(Math.imul(at, 2654435761) >>> 0, at);
let folder: string;
let path: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-test-hashing-"));
  path = join(folder, "a");
  writeFileSync(path, bytes);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function digestOf(...parts: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return `sha256:${hash.digest("hex")}`;
}

test("hashes ranges in the order of the tasks and tells every byte once", async () => {
  const ends = [0, 5, 1024 * 1024 + 1, 9 * 1024 * 1024, bytes.length];
  const tasks = ends.map((end, index) => ({ path, start: index === 4 ? 1 : 0, end }));
  let seen = 0;

  const digests = await createHashing(createHashingThreads(3)).sha256(tasks, (count) => (seen += count), never);

  expect(digests).toEqual(tasks.map(({ start, end }) => digestOf(bytes.subarray(start, end))));
  expect(seen).toBe(tasks.reduce((sum, { start, end }) => sum + end - start, 0));
});

test("hashes content that goes on in another file", async () => {
  const other = join(folder, "b");
  writeFileSync(other, "the rest");
  const task = { path, start: 10, end: 20, then: [{ path: other, start: 0, end: 8 }] };

  const [digest] = await createHashing(createHashingThreads(1)).sha256([task], () => undefined, never);

  expect(digest).toBe(digestOf(bytes.subarray(10, 20), Buffer.from("the rest")));
});

test("hashes hundreds of small contents", async () => {
  const tasks = Array.from({ length: 500 }, (_, index) => ({ path, start: index * 7, end: index * 7 + 1000 }));

  const digests = await createHashing().sha256(tasks, () => undefined, never);

  expect(digests).toEqual(tasks.map(({ start, end }) => digestOf(bytes.subarray(start, end))));
});

test("names the file that ends too early or is not there", async () => {
  const beyond = { path, start: bytes.length - 5, end: bytes.length + 5 };
  const absent = { path: join(folder, "absent"), start: 0, end: 5 };

  await expect(createHashing().sha256([beyond], () => undefined, never)).rejects.toThrow(
    `${path} cannot be read: it ends at ${bytes.length}`,
  );
  await expect(createHashing().sha256([absent], () => undefined, never)).rejects.toThrow("absent cannot be read");
});

test("stops when asked to", async () => {
  const stop = new AbortController();
  const tasks = Array.from({ length: 50 }, () => ({ path, start: 0, end: bytes.length }));
  const run = createHashing(createHashingThreads(2)).sha256(
    tasks,
    () => stop.abort(new Error("stopped by hand")),
    stop.signal,
  );

  await expect(run).rejects.toThrow("stopped by hand");
});

test("hashes nothing without starting a thread", async () => {
  expect(await createHashing().sha256([], () => undefined, never)).toEqual([]);
});

test("threads that were started before hash what comes, and as many more as are needed", async () => {
  const hashing = createHashing(createHashingThreads(3));
  const tasks = Array.from({ length: 4 }, (_, index) => ({ path, start: index, end: bytes.length }));
  hashing.expect(1);

  const first = await hashing.sha256(tasks, () => undefined, never);
  hashing.expect(Infinity);
  const second = await hashing.sha256(tasks, () => undefined, never);

  expect(first).toEqual(tasks.map(({ start, end }) => digestOf(bytes.subarray(start, end))));
  expect(second).toEqual(first);
});

test("a program that expected something to hash and found nothing ends all the same", async () => {
  const module = new URL("./hashing-threads.ts", import.meta.url).href;
  const program = `import { createHashingThreads } from ${JSON.stringify(module)}; createHashingThreads(2).expect(Infinity);`;

  const { exitCode, stderr } = await execa(process.execPath, ["--input-type=module", "--eval", program]);

  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
});
