import type { ActionPorts } from "../context.ts";

/** What commands need that only read and write files of bundles: no engine, no network. */
export type BundleFilePorts = Pick<
  ActionPorts,
  "fs" | "bulkFiles" | "hashing" | "clock" | "random" | "host" | "environment" | "report" | "signal"
>;
