import type { Records } from "./records.ts";
import type { Store } from "./store.ts";
import { columnsOf, keyColumns, type TableName, tableNames } from "./tables.ts";

type Row = Readonly<Record<string, unknown>>;

/** Keeps rows in memory and refuses what PostgreSQL would refuse: a taken key, a value too long for its column. */
export class MemoryStore implements Store {
  readonly #tables = new Map<TableName, Map<string, Row>>(tableNames.map((name) => [name, new Map<string, Row>()]));

  migrate(): Promise<void> {
    return Promise.resolve();
  }

  get<T extends TableName>(table: T, owner: string, name: string): Promise<Records[T] | undefined> {
    const found = [...this.#rows(table).values()].find((row) => row["owner"] === owner && row["name"] === name);
    return Promise.resolve(found as unknown as Records[T] | undefined);
  }

  find<T extends TableName>(table: T, where: Partial<Records[T]>): Promise<readonly Records[T][]> {
    const wanted = Object.entries(where);
    const found = [...this.#rows(table).values()].filter((row) =>
      wanted.every(([field, value]) => row[field] === value),
    );
    return Promise.resolve(found.toReversed() as unknown as readonly Records[T][]);
  }

  insert<T extends TableName>(table: T, row: Records[T]): Promise<void> {
    if (this.#rows(table).has(keyOf(table, row as unknown as Row)))
      return Promise.reject(new Error(`duplicate key value violates "${table}_pkey"`));
    return this.#put(table, row as unknown as Row);
  }

  update<T extends TableName>(table: T, row: Records[T], changes: Partial<Records[T]>): Promise<void> {
    return this.#put(table, {
      ...(this.#rows(table).get(keyOf(table, row as unknown as Row)) ?? {}),
      ...(changes as unknown as Row),
    });
  }

  remove(table: TableName, owner: string, name: string): Promise<void> {
    const rows = this.#rows(table);
    for (const [key, row] of rows) if (row["owner"] === owner && row["name"] === name) rows.delete(key);
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #put(table: TableName, row: Row): Promise<void> {
    for (const column of columnsOf[table]) {
      const value = row[column.field];
      const text = column.type === "json" ? JSON.stringify(value) : value;
      if (column.length > 0 && typeof text === "string" && Array.from(text).length > column.length)
        return Promise.reject(new Error(`value too long for type character varying(${column.length})`));
    }
    this.#rows(table).set(keyOf(table, row), row);
    return Promise.resolve();
  }

  #rows(table: TableName): Map<string, Row> {
    const rows = this.#tables.get(table);
    if (rows === undefined) throw new Error(`no table ${table}`);
    return rows;
  }
}

function keyOf(table: TableName, row: Row): string {
  return keyColumns(table)
    .map(({ field }) => String(row[field]))
    .join("/");
}
