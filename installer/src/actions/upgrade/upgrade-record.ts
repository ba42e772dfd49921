import { PreflightError } from "../../errors/installer-error.ts";
import type { Install } from "../../execute/state/install.ts";
import type { FileSystem } from "../../platform/ports.ts";

/**
 * How far an upgrade is. `keeping`: nothing is changed, data is being copied and may have been stopped for it. `kept`: what was before can be
 * put back whole; the change is under way. `applied`: the newer version runs and was proved; the copies wait for somebody to accept it. `undoing`: what was
 * before is being put back. `forgetting`: the copies are being removed; from then on none may be used.
 */
export type UpgradePhase = "keeping" | "kept" | "applied" | "undoing" | "forgetting";

/** An upgrade that is under way, or not accepted yet. */
export interface UpgradeRecord {
  readonly v: 1;
  readonly phase: UpgradePhase;
  /** Versions of Slipway. */
  readonly from: string;
  readonly to: string;
  /** Stores that are kept, by `component/volume`. Where there are none, nothing was stopped for them. */
  readonly stores: readonly string[];
  /** The revision that was in effect before it. */
  readonly release: number;
  /** The revision that it made; absent until it is applied. */
  readonly appliedRelease?: number;
  /** Somebody accepted it, so that what is left of it is only to be removed. */
  readonly accepted?: true;
  /** ISO 8601; data is kept as it was then. Absent while it is being copied. */
  readonly keptAt?: string;
}

type Reading = Pick<FileSystem, "readTextIfPresent">;

/**
 * The upgrade of an install that is not accepted yet.
 * @throws PreflightError when its record is damaged
 */
export async function readUpgrade(
  { layout }: Pick<Install, "layout">,
  fs: Reading,
): Promise<UpgradeRecord | undefined> {
  const text = await fs.readTextIfPresent(layout.upgrade);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as UpgradeRecord;
  } catch {
    throw new PreflightError(`${layout.upgrade} is damaged`, {
      hint: `what was before the upgrade is in ${layout.kept} and in the copies of volumes; ask for help before you remove any of it`,
    });
  }
}

/** Writes down how far it is, before it goes on. */
export async function writeUpgrade(
  { layout }: Pick<Install, "layout">,
  record: UpgradeRecord,
  fs: Pick<FileSystem, "writeAtomic">,
): Promise<void> {
  await fs.writeAtomic(layout.upgrade, `${JSON.stringify(record)}\n`, { mode: 0o600 });
}

/**
 * Sees to it that no other change comes between the steps of an upgrade, and that no secret is replaced which going back needs.
 * @throws PreflightError while one is under way; for a rotation also while one waits to be accepted
 */
export async function requireNoOpenUpgrade(
  install: Pick<Install, "layout" | "name">,
  { rotates }: { readonly rotates: boolean },
  fs: Reading,
): Promise<void> {
  const record = await readUpgrade(install, fs);
  if (record === undefined || record.phase === "forgetting") return;
  const { from, to, phase } = record;
  if (phase === "applied") {
    if (!rotates) return;
    throw new PreflightError(
      `the upgrade of ${install.name} from ${from} to ${to} is not accepted yet, and going back needs the secrets of today`,
      {
        hint: "slipway upgrade --accept, then replace secrets; nothing was changed by this run",
      },
    );
  }
  throw new PreflightError(
    phase === "undoing"
      ? `the upgrade of ${install.name} from ${from} to ${to} is being undone`
      : `an upgrade of ${install.name} from ${from} to ${to} is under way`,
    { hint: `${phase === "undoing" ? "slipway rollback completes it" : onOrBack}; nothing was changed by this run` },
  );
}

/** What a person may do with an upgrade that is under way. */
export const onOrBack = "slipway upgrade goes on with the upgrade, and slipway rollback goes back";
