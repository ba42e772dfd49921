import pg from "pg";
import type { DataSource } from "./data-source.ts";
import { completeRecord, type Records } from "./records.ts";
import type { Store } from "./store.ts";
import { type Column, columnsOf, keyColumns, quote, type TableName, tableNames, tableStatements } from "./tables.ts";

type Row = Record<string, unknown>;

/** Keeps rows where Casdoor does: in its PostgreSQL database. */
export class PostgresStore implements Store {
  readonly #pool: pg.Pool;

  constructor(source: DataSource) {
    this.#pool = new pg.Pool({ ...source, max: 4, connectionTimeoutMillis: 10_000 });
    // An idle connection may be ended by a database that restarts; the next query opens another.
    this.#pool.on("error", () => undefined);
  }

  async migrate(): Promise<void> {
    for (const table of tableNames) for (const statement of tableStatements(table)) await this.#pool.query(statement);
  }

  async get<T extends TableName>(table: T, owner: string, name: string): Promise<Records[T] | undefined> {
    const result = await this.#pool.query<Row>(`SELECT * FROM ${quote(table)} WHERE owner = $1 AND name = $2`, [
      owner,
      name,
    ]);
    const row = result.rows[0];
    return row === undefined ? undefined : toRecord(table, row);
  }

  async find<T extends TableName>(table: T, where: Partial<Records[T]>): Promise<readonly Records[T][]> {
    const wanted = Object.entries<unknown>(where).map(([field, value]) => ({ column: columnOf(table, field), value }));
    const condition = wanted.map(({ column }, index) => `${quote(column.name)} = $${index + 1}`).join(" AND ");
    const result = await this.#pool.query<Row>(
      `SELECT * FROM ${quote(table)} ${condition === "" ? "" : `WHERE ${condition}`} ORDER BY created_time DESC`,
      wanted.map(({ column, value }) => toSql(column, value)),
    );
    return result.rows.map((row) => toRecord(table, row));
  }

  async insert<T extends TableName>(table: T, row: Records[T]): Promise<void> {
    const columns = columnsOf[table];
    const values = row as unknown as Readonly<Record<string, unknown>>;
    await this.#pool.query(
      `INSERT INTO ${quote(table)} (${columns.map((column) => quote(column.name)).join(", ")})
       VALUES (${columns.map((_, index) => `$${index + 1}`).join(", ")})`,
      columns.map((column) => toSql(column, values[column.field])),
    );
  }

  async update<T extends TableName>(table: T, row: Records[T], changes: Partial<Records[T]>): Promise<void> {
    const wanted = Object.entries<unknown>(changes).map(([field, value]) => ({
      column: columnOf(table, field),
      value,
    }));
    const keys = keyColumns(table);
    const set = wanted.map(({ column }, index) => `${quote(column.name)} = $${keys.length + index + 1}`);
    const where = keys.map((column, index) => `${quote(column.name)} = $${index + 1}`);
    await this.#pool.query(`UPDATE ${quote(table)} SET ${set.join(", ")} WHERE ${where.join(" AND ")}`, [
      ...keys.map(({ field }) => (row as unknown as Row)[field]),
      ...wanted.map(({ column, value }) => toSql(column, value)),
    ]);
  }

  async remove(table: TableName, owner: string, name: string): Promise<void> {
    await this.#pool.query(`DELETE FROM ${quote(table)} WHERE owner = $1 AND name = $2`, [owner, name]);
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}

function columnOf(table: TableName, field: string): Column {
  const column = columnsOf[table].find((candidate) => candidate.field === field);
  if (column === undefined) throw new Error(`${table} has no column for ${field}`);
  return column;
}

function toSql(column: Column, value: unknown): unknown {
  return column.type === "json" ? JSON.stringify(value ?? null) : value;
}

function toRecord<T extends TableName>(table: T, row: Readonly<Record<string, unknown>>): Records[T] {
  const fields: Record<string, unknown> = {};
  for (const column of columnsOf[table]) {
    const value = row[column.name];
    if (column.type === "json")
      fields[column.field] = typeof value === "string" && value !== "" ? JSON.parse(value) : value;
    else fields[column.field] = column.type === "bigint" && typeof value === "string" ? Number(value) : value;
  }
  return completeRecord(table, fields);
}
