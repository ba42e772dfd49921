/** What a shell may complete that hangs on what is installed. */
export const wordKinds = [
  "installs",
  "secrets",
  "jobs",
  "databases",
  "logins",
  "addresses",
  "revisions",
  "topics",
] as const;

export type WordKind = (typeof wordKinds)[number];
