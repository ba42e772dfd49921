import { PreflightError } from "../../../errors/installer-error.ts";
import type { SharedRecords } from "../../../execute/state/shared-records.ts";
import { isRefused } from "../../../platform/cluster-refusal.ts";
import type { HelmPorts } from "../helm-ports.ts";

/** Records that tell somebody who may not read or lock them every right that is missing, not the first one that was needed. */
export function withRightsTold(
  records: SharedRecords,
  { cluster, place }: Pick<HelmPorts, "cluster" | "place">,
): SharedRecords {
  async function told<T>(body: () => Promise<T>): Promise<T> {
    try {
      return await body();
    } catch (error) {
      if (!isRefused(error, 403)) throw error;
      const { missingRights } = await import("../checks/rights.ts");
      const [finding] = await missingRights({ cluster, place });
      if (finding === undefined) throw error;
      throw new PreflightError(finding.message, { hint: finding.remedy, cause: error });
    }
  }
  return {
    get place() {
      return records.place;
    },
    get lost() {
      return records.lost;
    },
    lock: (holder, previous) => told(() => records.lock(holder, previous)),
    news: (layout) => told(() => records.news(layout)),
    push: (layout, run) => records.push(layout, run),
    remove: () => records.remove(),
  };
}
