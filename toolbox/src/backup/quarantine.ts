import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Client } from "pg";
import type { RestoredRows } from "../contract.generated.ts";
import { connectPostgres, sqlState } from "../postgres-client.ts";
import { lfsPrefixIn, lfsPrefixOf, type RepositoryRow, repositoryPathOf } from "./audit/hub-layout.ts";
import { readHubRepositories } from "./audit/hub-rows.ts";
import { readJson, toJson, writeWhole } from "./folder-files.ts";

/** Where things of a store go when a backup is brought back, and what went elsewhere than to its own place. */
export interface Quarantine {
  readonly placeOf: (name: string) => string;
  /** In the order in which they were asked for, each once. */
  readonly names: () => readonly string[];
}

/** What of a backup went to quarantine. */
export interface Quarantined {
  /** Repositories of which no row of the hub knows. */
  readonly repositories: number;
  /** LFS objects of such repositories. */
  readonly objects: number;
}

/** Stores of which a part may be nobody's. */
export type QuarantinedStore = "git" | "objects";

/** No path of the hub's and no name of a bucket's own begins with it. */
const folderOf = { git: "@quarantine", objects: "quarantine" } as const;

/**
 * Repositories and objects are copied after the databases, so that a backup has some that no row knows of. Paths and keys are made of
 * numbers: in its own place, one would open to whoever is given its number next.
 * @param rows without it, or without the hub among the databases, everything goes to its own place
 */
export async function openQuarantine(
  store: QuarantinedStore,
  snapshot: string,
  rows: RestoredRows | undefined,
): Promise<Quarantine> {
  const known = rows === undefined ? undefined : await readKnown(rows);
  return quarantineOf(store, snapshot, known);
}

/** The same for rows that were read. */
export function quarantineOf(
  store: QuarantinedStore,
  snapshot: string,
  known: readonly RepositoryRow[] | undefined,
): Quarantine {
  const names = new Set<string>();
  const isNobodys = known === undefined ? () => false : judges[store](known);
  const folder = folderOf[store];
  return {
    placeOf: (name) => {
      // What an earlier restore has put there stays there.
      if (name.startsWith(`${folder}/`) || !isNobodys(name)) return name;
      names.add(name);
      return `${folder}/${snapshot.slice(0, 8)}/${name}`;
    },
    names: () => [...names],
  };
}

type Judge = (known: readonly RepositoryRow[]) => (name: string) => boolean;

/** A deleted row keeps its number from being given out again, and is no reason to move anything. */
const judges: Readonly<Record<QuarantinedStore, Judge>> = {
  git: (known) => {
    const paths = new Set(known.map(repositoryPathOf));
    return (path) => !paths.has(path);
  },
  objects: (known) => {
    const prefixes = new Set(known.map(lfsPrefixOf));
    return (key) => {
      const prefix = lfsPrefixIn(key);
      return prefix !== undefined && !prefixes.has(prefix);
    };
  },
};

/** One connection a database, and none to those that are not there: the backup is from before them. */
async function readKnown({ admin, databases }: RestoredRows): Promise<readonly RepositoryRow[] | undefined> {
  const clients = new Map<string, Client>();
  try {
    for (const database of databases) {
      const client = await connectPostgres({ ...admin, database }).catch((error: unknown) => {
        if (sqlState(error) !== "3D000") throw error;
        return undefined;
      });
      if (client === undefined) continue;
      clients.set(database, client);
      // Its owner may have functions of his own, which must not be called with an administrator's rights.
      await client.query("select pg_catalog.set_config('search_path', 'pg_catalog', false)");
    }
    const query = async (database: string, sql: string) =>
      (await clients.get(database)?.query<Record<string, unknown>>(sql))?.rows ?? [];
    return await readHubRepositories({ query }, [...clients.keys()]);
  } finally {
    for (const client of clients.values()) await client.end();
  }
}

interface NotedQuarantine {
  readonly snapshot: string;
  readonly names: readonly string[];
}

function noteIn(folder: string, store: QuarantinedStore): string {
  return join(folder, "quarantined", `${store}.json`);
}

/** Writes down what went there, for whoever began the restore. */
export async function noteQuarantined(folder: string, store: QuarantinedStore, noted: NotedQuarantine): Promise<void> {
  await mkdir(join(folder, "quarantined"), { recursive: true, mode: 0o700 });
  await writeWhole(noteIn(folder, store), toJson(noted));
}

/** What went there when this backup was brought back. */
export async function readQuarantined(folder: string, snapshot: string): Promise<Quarantined> {
  const count = async (store: QuarantinedStore): Promise<number> => {
    const noted = (await readJson(noteIn(folder, store))) as NotedQuarantine | undefined;
    return noted?.snapshot === snapshot ? noted.names.length : 0;
  };
  return { repositories: await count("git"), objects: await count("objects") };
}
