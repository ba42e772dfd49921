import type { Login } from "../../../../toolbox/src/postgres-client.ts";
import type { Person } from "./people.ts";
import { withDatabase } from "./with-database.ts";

/** What the stand-in keeps, by the word in their addresses. */
export type Kind = "models" | "datasets";

/** A model or a dataset, which belongs to the person whose name its path begins with. */
export interface Repository {
  readonly id: number;
  readonly kind: Kind;
  /** `person/name`. */
  readonly path: string;
  readonly name: string;
  readonly private: boolean;
}

const types: Readonly<Record<Kind, string>> = { models: "model", datasets: "dataset" };

export function mayRead(repository: Repository, person: Person | undefined): boolean {
  return !repository.private || mayWrite(repository, person);
}

export function mayWrite({ path }: Repository, person: Person | undefined): boolean {
  return person !== undefined && path.startsWith(`${person.name}/`);
}

/** @param address `models/person/name` */
export async function findRepository(login: Login, address: string): Promise<Repository | undefined> {
  const [, kind, path] = /^(models|datasets)\/(.+)$/.exec(address) ?? [];
  if (kind !== "models" && kind !== "datasets") return undefined;
  const { rows } = await withDatabase(login, (client) =>
    client.query<Pick<Repository, "path" | "name" | "private"> & { readonly id: string }>(
      "SELECT id, path, name, private FROM repositories WHERE path = $1 AND repository_type = $2",
      [path, types[kind]],
    ),
  );
  const [found] = rows;
  return found === undefined ? undefined : { ...found, kind, id: Number(found.id) };
}

export async function addRepository(login: Login, owner: Person, wanted: Omit<Repository, "id">): Promise<Repository> {
  const { kind, path, name } = wanted;
  return withDatabase(login, async (client) => {
    const { rows } = await client.query<{ readonly id: string }>(
      `WITH made AS (INSERT INTO repositories (user_id, path, git_path, name, private, repository_type)
         VALUES ($1, $2, $3, $4, $5, $6) RETURNING id)
       INSERT INTO ${kind} (repository_id) SELECT id FROM made RETURNING repository_id AS id`,
      [owner.id, path, `${kind}_${path}`, name, wanted.private, types[kind]],
    );
    return { ...wanted, id: Number(rows[0]?.id) };
  });
}

export async function dropRepository(login: Login, { id, kind }: Repository): Promise<void> {
  await withDatabase(login, async (client) => {
    await client.query(`DELETE FROM ${kind} WHERE repository_id = $1`, [id]);
    await client.query("DELETE FROM repositories WHERE id = $1", [id]);
  });
}
