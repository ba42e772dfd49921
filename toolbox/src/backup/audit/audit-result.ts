/** What refers to what. */
export const referenceKinds = [
  "row-repository",
  "row-object",
  "pointer-object",
  "tag-manifest",
  "link-manifest",
  "index-manifest",
  "manifest-config",
  "manifest-layer",
] as const;

export type ReferenceKind = (typeof referenceKinds)[number];

export interface DanglingReference {
  readonly kind: ReferenceKind;
  readonly from: string;
  readonly to: string;
  /** What is wrong with what it leads to, as "is missing". */
  readonly problem: string;
}

/** Where the references of a backup lead. */
export interface AuditResult {
  /** How many were followed, those that dangle among them. */
  readonly references: Readonly<Record<ReferenceKind, number>>;
  readonly dangling: {
    /** All of them. */
    readonly count: number;
    /** At most 50. */
    readonly first: readonly DanglingReference[];
  };
  /** Repositories without a row: harmless, as nobody is led to them. */
  readonly orphans: number;
  /** What was not followed, and why. */
  readonly leftOut: readonly string[];
}
