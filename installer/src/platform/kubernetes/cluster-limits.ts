/** How long a cluster may take. */
export interface ClusterLimits {
  /** A connection stands within this, TLS included. */
  readonly connectMs: number;
  /** A question, such as a page of a list, is answered within this. */
  readonly questionMs: number;
  /** A change is made within this; webhooks of the cluster may take their part of it. */
  readonly changeMs: number;
  /** A question that was under way at Ctrl-C gets so much longer. */
  readonly graceMs: number;
  /** A program of the kubeconfig gives credentials within this. */
  readonly programMs: number;
  /** The server ends a watch after this and it begins anew, so that a connection which died in silence is found out. */
  readonly watchMs: number;
  /** A watch that has failed for so long tells those who follow it. */
  readonly lostMs: number;
  /** The first pause before a watch tries again; each is twice as long as the one before, up to the last. */
  readonly firstPauseMs: number;
  readonly lastPauseMs: number;
  /** Objects of one page of a list. */
  readonly pageSize: number;
}

/** The API server itself gives up on most requests after a minute. */
export const clusterLimits: ClusterLimits = {
  connectMs: 15_000,
  questionMs: 70_000,
  changeMs: 120_000,
  graceMs: 3_000,
  programMs: 60_000,
  watchMs: 120_000,
  lostMs: 30_000,
  firstPauseMs: 500,
  lastPauseMs: 15_000,
  pageSize: 100,
};
