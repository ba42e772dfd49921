/**
 * What is behind a console, which decides the command that opens it: tables asked in SQL, keys and their values, or buckets of objects.
 */
export type ConsoleKind = "sql" | "key-value" | "objects";

/** How a person gets into what a component keeps, wherever that component runs: a program that has its address and logins at hand. */
export interface Console {
  readonly kind: ConsoleKind;
  /** The job whose container runs the program; it is started when a person asks. Its arguments are a login and the person's own. */
  readonly job: string;
  /** Whom the program can sign in as, the one with every right first. */
  readonly logins: readonly [string, ...string[]];
}

/** The command that opens each kind of console, called as the program that people know for it. */
export const consoleCommands = {
  sql: "psql",
  "key-value": "redis-cli",
  objects: "s3",
} as const satisfies Readonly<Record<ConsoleKind, string>>;
