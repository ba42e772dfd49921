import { createHash } from "node:crypto";
import { appendFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { missingOfImage, pushImage, type PlatformStores } from "./platform-stores.ts";

/** A row, and what it refers to; whoever reads it knows from it alone what has to be there. */
export interface Written {
  readonly id: number;
  /** Path of the repository and id of the commit. */
  readonly repository: string;
  readonly commit: string;
  /** Key of the object, which ends with the hash of its content. */
  readonly object: string;
  /** Of an image, which every other row has. */
  readonly image: string | null;
  readonly manifest: string | null;
  /** Number of the message in its stream. */
  readonly message: number;
}

/** A write that was acknowledged, and when. */
export interface Acknowledged extends Written {
  readonly at: number;
}

/** A delete that was asked for through the gateway, and what it answered. */
export interface DeleteTry {
  readonly at: number;
  /** `object` or `manifest`. */
  readonly what: string;
  readonly status: number;
  readonly retryAfter: string | undefined;
}

export interface WriterOptions {
  /** The same seed makes the same contents. */
  readonly seed: number;
  /** How many write at once. */
  readonly workers?: number;
  /** So long each of them rests between two writes. */
  readonly restMs?: number;
  /** File that gets a line for each write, on the disk before the next one begins. */
  readonly log?: string;
}

/** People at work: they write, read what was written, and delete some of it. */
export interface PlatformWriter {
  readonly written: readonly Acknowledged[];
  /** Ids of rows that somebody began to delete. */
  readonly given: ReadonlyMap<number, number>;
  readonly deletes: readonly DeleteTry[];
  /** When what was written before was read back whole. */
  readonly reads: readonly number[];
  /** Whatever did not go as it should. */
  readonly errors: readonly string[];
  /** Ends when everybody has done what they were at. */
  stop(): Promise<void>;
}

const table = `create table if not exists written (
  id int primary key, repository text, "commit" text, object text, image text, manifest text, message int)`;
const repositoryCount = 12;
const fileName = "content";

/** So much of what is written is deleted again, one in so many. */
const deletedShare = 4;

/** Begins to write; what is referred to is there before what refers to it, as programs do that care. */
export async function startWriter(stores: PlatformStores, options: WriterOptions): Promise<PlatformWriter> {
  await stores.query(table);
  await stores.prepare();
  const work = new Work(stores, options);
  const { workers = 4 } = options;
  const ended = Promise.all([
    ...Array.from({ length: workers }, () => work.repeat("writing", () => work.write())),
    work.repeat("reading", () => work.read()),
    work.repeat("deleting", () => work.remove()),
  ]);
  return {
    ...work.seen,
    stop: async () => {
      work.stopped = true;
      await ended;
    },
  };
}

class Work {
  stopped = false;
  readonly seen = {
    written: [] as Acknowledged[],
    given: new Map<number, number>(),
    deletes: [] as DeleteTry[],
    reads: [] as number[],
    errors: [] as string[],
  };
  #next = 1;
  readonly #stores: PlatformStores;
  readonly #options: WriterOptions;
  /** What nothing refers to any more and is still there. */
  readonly #waste: Written[] = [];

  constructor(stores: PlatformStores, options: WriterOptions) {
    this.#stores = stores;
    this.#options = options;
  }

  /** What fails is told, and the next turn comes all the same. */
  async repeat(what: string, turn: () => Promise<void>): Promise<void> {
    while (!this.stopped) {
      try {
        await turn();
      } catch (error) {
        this.seen.errors.push(`${new Date().toISOString()} ${what}: ${String(error)}`);
        await delay(200);
      }
    }
  }

  async write(): Promise<void> {
    await delay(this.#options.restMs ?? 0);
    const id = this.#next;
    this.#next += 1;
    const row = await writeReferents(this.#stores, this.#options.seed, id);
    const columns = [row.id, row.repository, row.commit, row.object, row.image, row.manifest, row.message];
    await this.#stores.query("insert into written values ($1, $2, $3, $4, $5, $6, $7)", columns);
    const acknowledged = { ...row, at: Date.now() };
    const { log } = this.#options;
    if (log !== undefined) appendFileSync(log, `${JSON.stringify(acknowledged)}\n`, { flush: true });
    this.seen.written.push(acknowledged);
  }

  /** Reads something written before from all stores. */
  async read(): Promise<void> {
    await delay(50);
    const { written, given, reads, errors } = this.seen;
    const row = written[Math.floor(Math.random() * written.length)];
    if (row === undefined || given.has(row.id)) return;
    const missing = await missingOf(this.#stores, row);
    // It may have been given up meanwhile.
    if (!given.has(row.id)) errors.push(...missing);
    reads.push(Date.now());
  }

  /** The row goes first, what it referred to afterwards: later, if the gateway says so. */
  async remove(): Promise<void> {
    await delay(100);
    const { written, given } = this.seen;
    const row = written.find(({ id }) => id % deletedShare === 0 && !given.has(id));
    if (row !== undefined && this.#waste.length < 3) {
      given.set(row.id, Date.now());
      await this.#stores.query("delete from written where id = $1", [row.id]);
      this.#waste.push(row);
    }
    const [oldest] = this.#waste;
    if (oldest !== undefined && (await this.#removeReferents(oldest))) this.#waste.shift();
  }

  async #removeReferents({ object, image, manifest }: Written): Promise<boolean> {
    const answers = new Map([["object", await this.#stores.object("DELETE", object)]]);
    if (image !== null && manifest !== null) {
      const path = `${image}/manifests/${manifest}`;
      answers.set("manifest", await this.#stores.registry({ method: "DELETE", path }));
    }
    for (const [what, { status, headers }] of answers)
      this.seen.deletes.push({ at: Date.now(), what, status, retryAfter: headers["retry-after"] });
    return [...answers.values()].every(({ status }) => status !== 503);
  }
}

async function writeReferents(stores: PlatformStores, seed: number, id: number): Promise<Written> {
  const content = contentOf(seed, id);
  const digest = createHash("sha256").update(content).digest("hex");
  const object = `written/${digest}`;
  const repository = `@hashed/wr/it/${seed}-${id % repositoryCount}.git`;
  const image = id % 2 === 0 ? `written/${seed}-${id % repositoryCount}` : null;
  const [put, { commit }, manifest] = await Promise.all([
    stores.object("PUT", object, content),
    stores.push(repository, {
      ...{ branch: `b${id}`, fileName, content, message: `Write ${id}`, unixSeconds: 1_700_000_000 + id },
    }),
    image === null ? null : pushImage(stores, image, `t${id}`, content),
  ]);
  if (put.status !== 200) throw new Error(`the object store answers ${put.status} to an object`);
  const message = await stores.publish(textOf(object));
  return { id, repository, commit, object, image, manifest, message };
}

/** Up to 8 KiB, and now and then much more. */
function contentOf(seed: number, id: number): Buffer {
  const first = createHash("sha256").update(`${seed}/${id}`).digest();
  const length = id % 25 === 7 ? 300_000 : 100 + (first.readUInt16BE(0) % 8000);
  const parts = [first];
  // No two pieces are alike, so that nothing is stored twice as one.
  for (let bytes = first.length; bytes < length; bytes += 32)
    parts.push(createHash("sha256").update(first).update(String(bytes)).digest());
  return Buffer.concat(parts).subarray(0, length);
}

function textOf(object: string): string {
  return `wrote ${object}`;
}

/** Everything that a row refers to and that is not there as it was written. */
async function missingOf(stores: PlatformStores, row: Written): Promise<readonly string[]> {
  const file = await stores.fileIn(row.repository, row.commit, fileName);
  const object = await stores.object("GET", row.object);
  const message = await stores.message(row.message);
  const image =
    row.image === null || row.manifest === null ? [] : await missingOfImage(stores, row.image, row.manifest);
  const isAsNamed = (bytes: Buffer | undefined): boolean =>
    bytes !== undefined && row.object.endsWith(createHash("sha256").update(bytes).digest("hex"));
  return [
    ...(isAsNamed(file) ? [] : [`commit ${row.commit} of ${row.repository}`]),
    ...(object.status === 200 && isAsNamed(object.body) ? [] : [`object ${row.object} (${object.status})`]),
    ...image.map((what) => `${what} of ${row.image ?? ""}`),
    ...(message === textOf(row.object) ? [] : [`message ${row.message}`]),
  ].map((what) => `row ${row.id}: ${what} is not there`);
}

export interface Audit {
  /** Rows that were found. */
  readonly rows: number;
  /** What rows refer to and is not there. */
  readonly dangling: readonly string[];
  /** Acknowledged writes that have to be there and have no row. */
  readonly lost: readonly number[];
}

/** Looks at every row, at all that it refers to, and for every write that has to be there. */
export async function auditWritten(stores: PlatformStores, expected: readonly Written[]): Promise<Audit> {
  const rows = await stores.query<Written>("select * from written order by id");
  const dangling: string[] = [];
  for (const row of rows) dangling.push(...(await missingOf(stores, row)));
  const found = new Map(rows.map((row) => [row.id, JSON.stringify(sorted(row))]));
  const lost = expected.filter((row) => found.get(row.id) !== JSON.stringify(sorted(row))).map(({ id }) => id);
  return { rows: rows.length, dangling, lost };
}

/** The columns of a row, always in the same order. */
function sorted({ id, repository, commit, object, image, manifest, message }: Written): readonly unknown[] {
  return [id, repository, commit, object, image, manifest, message];
}
