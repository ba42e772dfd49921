import { join } from "node:path";

/** Where everything of one install lies, below its state directory. */
export interface StateLayout {
  readonly root: string;
  readonly format: string;
  readonly identity: string;
  readonly values: string;
  readonly secrets: string;
  readonly plan: string;
  /** The plan of a change under way. */
  readonly pendingPlan: string;
  readonly lock: string;
  readonly releases: string;
  /** What was in effect at each revision but the last, one file each. */
  readonly revisions: string;
  /** What was done to the install, a line a run. */
  readonly history: string;
  readonly journal: string;
  readonly runLock: string;
  readonly logs: string;
  readonly applied: string;
  /** What is known of backups without opening where they are kept. */
  readonly backups: string;
  /** What is handed to the job of backups and back, while it runs. */
  readonly handingOver: string;
  /** How far a restore is; it is there until everything is back. */
  readonly restore: string;
  /** How far an upgrade is; it is there until it is accepted or undone. */
  readonly upgrade: string;
  /** Records and files as they were before that upgrade. */
  readonly kept: string;
  /** What the directory is a copy of, where records are shared between machines. */
  readonly copy: string;
  /** The tree Compose mounts from; its path never changes. */
  readonly live: string;
}

/** The layout below a state directory. */
export function stateLayout(root: string): StateLayout {
  return {
    root,
    format: join(root, "format"),
    identity: join(root, "identity.json"),
    values: join(root, "values.yaml"),
    secrets: join(root, "secrets"),
    plan: join(root, "plan.json"),
    pendingPlan: join(root, "plan.pending.json"),
    lock: join(root, "lock.yaml"),
    releases: join(root, "releases"),
    revisions: join(root, "revisions"),
    history: join(root, "history"),
    journal: join(root, "journal"),
    runLock: join(root, "run.lock"),
    logs: join(root, "logs"),
    applied: join(root, "applied.json"),
    backups: join(root, "backups.json"),
    handingOver: join(root, "handing-over"),
    restore: join(root, "restore.json"),
    upgrade: join(root, "upgrade.json"),
    kept: join(root, "before-upgrade"),
    copy: join(root, "copy.json"),
    live: join(root, "live"),
  };
}

/** Where the state of an install is kept unless `--state-dir` says otherwise. */
export function defaultStateDirectory(options: {
  readonly name: string;
  readonly root: boolean;
  readonly home: string;
  readonly xdgStateHome?: string | undefined;
}): string {
  if (options.root) return join("/var/lib/slipway", options.name);
  const base =
    options.xdgStateHome?.startsWith("/") === true ? options.xdgStateHome : join(options.home, ".local/state");
  return join(base, "slipway", options.name);
}
