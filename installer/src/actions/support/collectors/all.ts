import type { Collector } from "../collector.ts";
import { type CollectorId, collectorIds } from "../collector-ids.ts";
import { certificates } from "./certificates.ts";
import { plan, rendered, values } from "./configuration.ts";
import { history } from "./history.ts";
import { logs } from "./logs.ts";
import { backups, containers, doctor, status } from "./state.ts";
import { timeline } from "./timeline.ts";
import { versions } from "./versions.ts";

const byId: Readonly<Record<CollectorId, Collector>> = {
  ...{ versions, values, plan, rendered, status, doctor },
  ...{ history, containers, certificates, backups, timeline, logs },
};

/** Everything that a support bundle holds, in the order in which it is collected. */
export const collectors: readonly Collector[] = collectorIds.map((id) => byId[id]);
