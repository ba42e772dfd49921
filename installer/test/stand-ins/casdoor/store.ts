import type { Records } from "./records.ts";
import type { TableName } from "./tables.ts";

/** Where the stand-in keeps Casdoor's rows. */
export interface Store {
  /** Makes the tables and the columns they lack. */
  migrate(): Promise<void>;
  get<T extends TableName>(table: T, owner: string, name: string): Promise<Records[T] | undefined>;
  /** Rows whose fields equal the given ones, newest first. */
  find<T extends TableName>(table: T, where: Partial<Records[T]>): Promise<readonly Records[T][]>;
  /**
   * Adds a row.
   * @throws {Error} when owner and name are taken or a value is longer than its column.
   */
  insert<T extends TableName>(table: T, row: Records[T]): Promise<void>;
  update<T extends TableName>(table: T, row: Records[T], changes: Partial<Records[T]>): Promise<void>;
  remove(table: TableName, owner: string, name: string): Promise<void>;
  close(): Promise<void>;
}
