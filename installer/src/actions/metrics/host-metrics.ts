import { isFull, type LiveStore } from "../../targets/live-platform.ts";
import type { Look } from "./look.ts";
import { type Metric, secondsOf } from "./metric.ts";

/** What ends or fills up by itself. */
export const hostMetrics: readonly Metric[] = [
  {
    name: "slipway_certificate_expiry_timestamp_seconds",
    help: "When a certificate ends, by the secret that it belongs to.",
    type: "gauge",
    labels: ["certificate", "subject"],
    from: "records",
    measure: ({ records }) =>
      records.certificates.map(({ certificate, subject, endMs }) => ({
        labels: { certificate, subject },
        value: endMs / 1000,
      })),
  },
  {
    name: "slipway_secret_expiry_timestamp_seconds",
    help: "When a secret ends, of those that were made for a time; slipway makes them anew before.",
    type: "gauge",
    labels: ["secret"],
    from: "records",
    measure: ({ records }) =>
      Object.entries(records.install.applied.secrets).flatMap(([secret, { expires }]) =>
        expires === undefined ? [] : [{ labels: { secret }, value: secondsOf(expires) }],
      ),
  },
  {
    name: "slipway_store_free_bytes",
    help: "What is free on the disk of a store; absent where that cannot be seen from where slipway runs.",
    type: "gauge",
    labels: ["store"],
    from: "live",
    measure: ofStores(({ freeBytes }) => freeBytes),
  },
  {
    name: "slipway_store_size_bytes",
    help: "What the disk of a store holds, free or not.",
    type: "gauge",
    labels: ["store"],
    from: "live",
    measure: ofStores(({ sizeBytes }) => sizeBytes),
  },
  {
    name: "slipway_store_full",
    help: "Whether the disk of a store is full: less than 256 MiB are free.",
    type: "gauge",
    labels: ["store"],
    from: "live",
    measure: ofStores((store) => (store.freeBytes === undefined ? undefined : isFull(store) ? 1 : 0)),
  },
];

/** The same of each store of the install, with `component/volume` as label. */
function ofStores(measure: (store: LiveStore) => number | undefined): Metric["measure"] {
  return ({ live }: Look) =>
    [...(live?.live.stores ?? [])].flatMap(([store, seen]) => {
      const value = seen.ours ? measure(seen) : undefined;
      return value === undefined ? [] : [{ labels: { store }, value }];
    });
}
