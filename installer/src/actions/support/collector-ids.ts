/** Every collector, in the order in which they run; completions know them without loading one. */
export const collectorIds = [
  "versions",
  "values",
  "plan",
  "rendered",
  "status",
  "doctor",
  "history",
  "containers",
  "certificates",
  "backups",
  "timeline",
  "logs",
] as const;

export type CollectorId = (typeof collectorIds)[number];
