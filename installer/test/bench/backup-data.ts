import { randomBytes, randomUUID } from "node:crypto";
import { pushImage, type PlatformStores } from "../support/platform-stores.ts";

const mib = 1024 * 1024;
const rowBytes = 1024;
const rowsOfOneStatement = (64 * mib) / rowBytes;
const commitBytes = 2 * mib;
const layerBytes = 8 * mib;
const objectBytes = 16 * mib;

/** How much of a platform's data lies in each store; the object store keeps images, too. */
const shares = { rows: 0.1, commits: 0.1, layers: 0.1, objects: 0.7 } as const;

/**
 * Adds so many bytes, which cannot be compressed, spread over the stores of a platform as people would leave them there.
 * @returns how many it was: nothing is cut in pieces
 */
export async function addData(stores: PlatformStores, bytes: number): Promise<number> {
  const countOf = (share: keyof typeof shares, each: number): number => Math.ceil((bytes * shares[share]) / each);
  const rows = countOf("rows", rowBytes);
  await stores.query("create table if not exists bulk (id bigserial primary key, body bytea not null)");
  for (let left = rows; left > 0; left -= rowsOfOneStatement) await addRows(stores, Math.min(left, rowsOfOneStatement));
  // Left alone, the server marks new rows as such when it gets to it, and writes each of their pages once more.
  await stores.query("vacuum (freeze) bulk");
  const others = [
    { count: countOf("commits", commitBytes), bytes: commitBytes, add: addCommit },
    { count: countOf("layers", layerBytes), bytes: layerBytes, add: addImage },
    { count: countOf("objects", objectBytes), bytes: objectBytes, add: addObject },
  ];
  for (const { count, bytes: each, add } of others) {
    for (let made = 0; made < count; made += 1) await add(stores, randomUUID(), randomBytes(each));
  }
  return others.reduce((sum, { count, bytes: each }) => sum + count * each, rows * rowBytes);
}

/** Pushes a small commit to a repository that has many; gives how long that took, milliseconds. */
export async function timeOfPush(stores: PlatformStores): Promise<number> {
  const content = randomBytes(4096);
  const begin = performance.now();
  await push(stores, "latency", content);
  return performance.now() - begin;
}

/** Hashes of random numbers, made where they are stored. */
async function addRows(stores: PlatformStores, rows: number): Promise<void> {
  const body = `select string_agg(sha512((random()::text || "row" || part)::bytea), ''::bytea)
    from generate_series(1, ${rowBytes / 64}) as part`;
  await stores.query(`insert into bulk (body) select (${body}) from generate_series(1, $1::int) as "row"`, [rows]);
}

function addCommit(stores: PlatformStores, name: string, content: Buffer): Promise<unknown> {
  return push(stores, name, content);
}

function push(stores: PlatformStores, name: string, content: Buffer): Promise<unknown> {
  return stores.push(`@hashed/be/nc/${name}.git`, {
    ...{ branch: randomUUID(), fileName: "content", content, message: "Write" },
    unixSeconds: Math.floor(Date.now() / 1000),
  });
}

function addImage(stores: PlatformStores, name: string, layer: Buffer): Promise<unknown> {
  return pushImage(stores, `bench/${name}`, "latest", layer);
}

async function addObject(stores: PlatformStores, name: string, content: Buffer): Promise<void> {
  const { status } = await stores.object("PUT", `bench/${name}`, content);
  if (status !== 200) throw new Error(`the object store answers ${status} to an object`);
}
