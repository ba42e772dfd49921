/** Two hundred ways in which one file of a repository of backups is not what was written, the same for the same seed. */
import { copyFile, open, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

export const fileKinds = ["config", "keys", "snapshots", "index", "packs"] as const;
export type FileKind = (typeof fileKinds)[number];

export interface RepositoryFile {
  /** Below the repository. */
  readonly path: string;
  readonly bytes: number;
  readonly kind: FileKind;
}

export interface Damage {
  readonly name: string;
  readonly kind: FileKind;
  readonly way: Way;
  readonly apply: (repository: string) => Promise<void>;
}

/** How many of each; two hundred together. */
const counts: Readonly<Record<FileKind, number>> = { config: 16, keys: 28, snapshots: 40, index: 46, packs: 70 };

const ways = [
  "a bit",
  "cut to nothing",
  "cut somewhere",
  "missing",
  "a bit",
  "cut by a byte",
  "swapped",
  "of another repository",
  "a bit",
  "renamed",
  "cut to a byte",
  "a byte more",
  "zeros",
  "twice",
] as const;
type Way = (typeof ways)[number];

/** Of which there is one way to do them to a file. */
const only: readonly Way[] = [
  "cut to nothing",
  "missing",
  "cut by a byte",
  "swapped",
  "of another repository",
  "renamed",
  "cut to a byte",
  "twice",
];
/** There is one configuration, and nobody looks for it under another name. */
const notOfConfig: readonly Way[] = ["swapped", "twice"];

/** A small generator, the same in each run. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

interface Choice {
  readonly file: RepositoryFile;
  readonly others: readonly RepositoryFile[];
  /** Absolute path of a file of the same kind of another repository. */
  readonly foreign: string;
  readonly random: (below: number) => number;
}

/** All damages of a repository that has several files of each kind but the configuration. */
export function damagesOf(
  files: readonly RepositoryFile[],
  foreign: readonly (RepositoryFile & { readonly at: string })[],
  seed: number,
): readonly Damage[] {
  const random = seeded(seed);
  return fileKinds.flatMap((kind) => {
    const own = files.filter((file) => file.kind === kind);
    const at = foreign.find((file) => file.kind === kind)?.at ?? "";
    const done = new Set<string>();
    const damages: Damage[] = [];
    for (let turn = 0; damages.length < counts[kind]; turn += 1) {
      const way = ways[turn % ways.length] ?? "a bit";
      const file = own[random(own.length)];
      if (file === undefined) throw new RangeError(`the repository has no ${kind}`);
      if (kind === "config" && notOfConfig.includes(way)) continue;
      if (only.includes(way) && done.has(`${way} ${file.path}`)) continue;
      done.add(`${way} ${file.path}`);
      const others = own.filter(({ path }) => path !== file.path);
      damages.push(damageOf(way, { file, others, foreign: at, random }));
    }
    return damages;
  });
}

/** What chance has decided of one damage. */
interface Drawn {
  readonly path: string;
  readonly bytes: number;
  /** A byte of the file, and a bit of it. */
  readonly place: number;
  readonly bit: number;
  /** Another file of the kind. */
  readonly other: string;
  /** Where no file is. */
  readonly free: string;
  readonly foreign: string;
}

interface Act {
  readonly detail: string;
  readonly apply: (root: string) => Promise<void>;
}

function cutTo({ path, bytes }: Drawn, length: number): Act {
  return { detail: ` (${length} of ${bytes})`, apply: async (root) => truncate(join(root, path), length) };
}

const acts: Readonly<Record<Way, (drawn: Drawn) => Act>> = {
  "a bit": ({ path, place, bit }) => ({
    detail: ` (${bit} of byte ${place})`,
    apply: async (root) => overwrite(join(root, path), place, (byte) => byte ^ (1 << bit)),
  }),
  // A byte that was zero before would be no damage.
  zeros: ({ path, place }) => ({
    detail: ` (from byte ${place})`,
    apply: async (root) => overwrite(join(root, path), place, (byte) => (byte === 0 ? 1 : 0), 64),
  }),
  "cut to nothing": (drawn) => cutTo(drawn, 0),
  "cut to a byte": (drawn) => cutTo(drawn, 1),
  "cut by a byte": (drawn) => cutTo(drawn, drawn.bytes - 1),
  "cut somewhere": (drawn) => cutTo(drawn, 1 + (drawn.place % (drawn.bytes - 2))),
  "a byte more": ({ path }) => ({
    detail: "",
    apply: async (root) => writeFile(join(root, path), Buffer.from([0]), { flag: "a" }),
  }),
  missing: ({ path }) => ({ detail: "", apply: async (root) => rm(join(root, path)) }),
  swapped: ({ path, other }) => ({
    detail: ` with ${other}`,
    apply: async (root) => swap(join(root, path), join(root, other)),
  }),
  renamed: ({ path, free }) => ({
    detail: ` to ${free}`,
    apply: async (root) => rename(join(root, path), join(root, free)),
  }),
  twice: ({ path, free }) => ({
    detail: `, as ${free}`,
    apply: async (root) => copyFile(join(root, path), join(root, free)),
  }),
  "of another repository": ({ path, foreign }) => ({
    detail: "",
    apply: async (root) => writeFile(join(root, path), await readFile(foreign)),
  }),
};

function damageOf(way: Way, { file, others, foreign, random }: Choice): Damage {
  const { kind, path, bytes } = file;
  const { detail, apply } = acts[way]({
    ...{ path, bytes, foreign, place: random(bytes), bit: random(8) },
    other: others[random(others.length)]?.path ?? path,
    free: join(dirname(path), kind === "config" ? "config.old" : renamed(path, random(64))),
  });
  return { name: `${path}: ${way}${detail}`, kind, way, apply };
}

/** The file's name with another digit at a place. */
function renamed(path: string, place: number): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const digit = name[place] === "0" ? "1" : "0";
  return `${name.slice(0, place)}${digit}${name.slice(place + 1)}`;
}

async function overwrite(path: string, from: number, change: (byte: number) => number, length = 1): Promise<void> {
  const file = await open(path, "r+");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, from);
    await file.write(buffer.subarray(0, bytesRead).map(change), 0, bytesRead, from);
  } finally {
    await file.close();
  }
}

async function swap(one: string, other: string): Promise<void> {
  await rename(one, `${one}.swap`);
  await rename(other, one);
  await rename(`${one}.swap`, other);
}
