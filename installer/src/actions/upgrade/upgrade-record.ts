import { PreflightError } from "../../errors/installer-error.ts";
import type { Install } from "../../execute/state/install.ts";
import type { FileSystem } from "../../platform/ports.ts";

/**
 * How far an upgrade is. `keeping`: nothing is changed, data is being copied and may have been stopped for it. `kept`: what was before can be
 * put back whole; the change is under way. `applied`: the newer version runs and was proved; the copies wait for somebody to accept it. `undoing`: what was
 * before is being put back.
 */
export type UpgradePhase = "keeping" | "kept" | "applied" | "undoing";

/** An upgrade that is under way, or not accepted yet. */
export interface UpgradeRecord {
  readonly v: 1;
  readonly phase: UpgradePhase;
  /** Versions of Slipway. */
  readonly from: string;
  readonly to: string;
  /** Stores that are kept, by `component/volume`. Where there are none, nothing was stopped for them. */
  readonly stores: readonly string[];
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
 * Sees to it that no other change comes between the steps of an upgrade.
 * @throws PreflightError while one is under way
 */
export async function requireNoOpenUpgrade(install: Pick<Install, "layout" | "name">, fs: Reading): Promise<void> {
  const record = await readUpgrade(install, fs);
  if (record === undefined || record.phase === "applied") return;
  const { from, to, phase } = record;
  throw new PreflightError(
    phase === "undoing"
      ? `the upgrade of ${install.name} from ${from} to ${to} is being undone`
      : `an upgrade of ${install.name} from ${from} to ${to} is under way`,
    {
      hint:
        phase === "undoing"
          ? "slipway rollback completes it; nothing was changed by this run"
          : "slipway upgrade goes on with it, and slipway rollback goes back; nothing was changed by this run",
    },
  );
}
