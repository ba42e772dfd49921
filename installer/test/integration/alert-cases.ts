/** What arrives of metrics, and until when. */
export interface AlertData {
  readonly what: string;
  /** Minutes after the first value at which the alert is looked for. */
  readonly after: number;
  /** What each series says, from the beginning on; without any nothing arrives. */
  readonly series: Readonly<Record<string, SeriesValue>>;
}

/** A number; a moment so many seconds before or after the look; or what promtool reads. */
export type SeriesValue = number | string | { readonly ago: number } | { readonly in: number };

export interface AlertCase {
  /** Data for which it fires, with the labels that it then has besides its severity. */
  readonly fires: readonly (AlertData & { readonly labels: Readonly<Record<string, string>> })[];
  readonly silent: readonly AlertData[];
}

const hour = 3600;
const day = 24 * hour;
const install = "lab";
const labels = { install };

/** A series of the platform, with more labels: `of("slipway_store_full", { store: "a/b" })`. */
function of(metric: string, more: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries({ install, ...more }).map(([label, value]) => `${label}="${value}"`);
  return `${metric}{${pairs.join(",")}}`;
}

/** Of a metric of one value: fires with one, and not with another, and not before it held for long enough. */
function ofValue(metric: string, [bad, good]: readonly [number, number], minutes: number, more = {}): AlertCase {
  const data = (value: number, after: number): Omit<AlertData, "what"> => ({
    after,
    series: { [of(metric, more)]: value },
  });
  return {
    fires: [{ what: `it is ${bad}`, ...data(bad, minutes + 2), labels: { install, ...more } }],
    silent: [
      { what: `it is ${good}`, ...data(good, minutes + 2) },
      { what: "it did not hold for long enough", ...data(bad, minutes - 1) },
    ],
  };
}

/** Of a moment that is long past: what is a little longer past than allowed, and what a little less. */
function ofAge(metric: string, seconds: number, minutes: number): AlertCase {
  const data = (ago: number): Omit<AlertData, "what"> => ({ after: minutes + 5, series: { [of(metric)]: { ago } } });
  return {
    fires: [{ what: "it is past for longer", ...data(seconds + (minutes + 2) * 60), labels }],
    silent: [
      { what: "it is not past for so long", ...data(seconds - 60) },
      { what: "it never was", after: minutes + 5, series: {} },
    ],
  };
}

const certificate = { certificate: "gateway-tls", subject: "hub.example" };

function ofCertificate(days: number, minutes: number): AlertCase {
  const series = (seconds: number) => ({
    [of("slipway_certificate_expiry_timestamp_seconds", certificate)]: { in: seconds },
  });
  const fires = { after: minutes + 5, labels: { install, ...certificate } };
  return {
    fires: [
      { what: "it ends sooner", series: series(days * day - hour * 2), ...fires },
      { what: "it has ended", series: series(-day), ...fires },
    ],
    silent: [{ what: "it ends later", after: minutes + 5, series: series(days * day + hour) }],
  };
}

const store = { store: "store/data" };

function ofDisk(percent: number, minutes: number): AlertCase {
  const series = (free: number) => ({
    [of("slipway_store_free_bytes", store)]: free * 1e9,
    [of("slipway_store_size_bytes", store)]: 100e9,
  });
  return {
    fires: [{ what: "less is free", after: minutes + 2, series: series(percent - 0.5), labels: { install, ...store } }],
    silent: [
      { what: "more is free", after: minutes + 2, series: series(percent + 0.5) },
      { what: "its size is not known", after: minutes + 2, series: { [of("slipway_store_free_bytes", store)]: 1 } },
      { what: "it did not hold for long enough", after: minutes - 1, series: series(percent - 0.5) },
    ],
  };
}

const component = { component: "app" };
const drilled = of("slipway_backup_drill_timestamp_seconds");
const drillScheduled = of("slipway_backup_scheduled_timestamp_seconds", { task: "drill" });
const proved = of("slipway_backup_proof_timestamp_seconds");
const backedUp = of("slipway_backup_last_timestamp_seconds");
const restarts = of("slipway_component_restarts_total", component);

/** Data for every alert, by its name: a rule without any is no rule. */
export const alertCases: Readonly<Record<string, AlertCase>> = {
  SlipwayMetricsMissing: {
    fires: [{ what: "nothing arrives", after: 12, series: {}, labels: {} }],
    silent: [
      { what: "one platform tells that it cannot look", after: 12, series: { [of("slipway_look_ok")]: 0 } },
      { what: "it did not hold for long enough", after: 9, series: {} },
    ],
  },
  SlipwayLookFailed: ofValue("slipway_look_ok", [0, 1], 5),
  SlipwayLookOld: ofAge("slipway_look_timestamp_seconds", 15 * 60, 5),
  SlipwayPlatformNotHealthy: ofValue("slipway_platform_healthy", [0, 1], 10),
  SlipwayComponentDown: ofValue("slipway_component_healthy", [0, 1], 5, component),
  SlipwayComponentRestarts: {
    fires: [
      {
        what: "it starts again every ten minutes",
        after: 60,
        series: { [restarts]: "0 0x8 1x9 2x9 3x9 4x9 5x9 6x9" },
        labels: { install, ...component },
      },
    ],
    silent: [{ what: "it was started again twice", after: 60, series: { [restarts]: "0x20 1x20 2x30" } }],
  },
  SlipwayChangeIncomplete: ofAge("slipway_change_begun_timestamp_seconds", hour, 5),
  SlipwayLastRunFailed: ofValue("slipway_last_run_failed", [1, 0], 5),
  SlipwayDrift: ofValue("slipway_component_drift", [2, 0], 24 * 60, component),
  SlipwaySecretGone: {
    ...ofValue("slipway_secret_troubles", [1, 0], 5, { state: "gone" }),
    silent: [
      { what: "none is gone", after: 7, series: { [of("slipway_secret_troubles", { state: "gone" })]: 0 } },
      { what: "one is due", after: 7, series: { [of("slipway_secret_troubles", { state: "due" })]: 1 } },
    ],
  },
  SlipwayBackupMissing: {
    fires: [
      { what: "none was made for a day", after: 24 * 60 + 2, series: { [of("slipway_backup_enabled")]: 1 }, labels },
    ],
    silent: [
      { what: "none was made yet", after: 24 * 60 - 1, series: { [of("slipway_backup_enabled")]: 1 } },
      { what: "none are to be made", after: 24 * 60 + 2, series: { [of("slipway_backup_enabled")]: 0 } },
      {
        what: "one was made",
        after: 24 * 60 + 2,
        series: { [of("slipway_backup_enabled")]: 1, [backedUp]: { ago: 25 * hour } },
      },
    ],
  },
  SlipwayBackupOld: ofAge("slipway_backup_last_timestamp_seconds", 26 * hour, 5),
  SlipwayBackupNotProved: {
    fires: [
      {
        what: "the last proof is old",
        after: 365,
        series: { [backedUp]: { ago: hour }, [proved]: { ago: 8 * day + 7 * hour } },
        labels,
      },
      { what: "there is no proof", after: 365, series: { [backedUp]: { ago: hour } }, labels },
    ],
    silent: [
      { what: "one was proved", after: 365, series: { [backedUp]: { ago: hour }, [proved]: { ago: 8 * day - hour } } },
      { what: "the first backup is being proved", after: 300, series: { [backedUp]: { ago: hour } } },
      { what: "there are no backups", after: 365, series: {} },
    ],
  },
  SlipwayDrillOld: {
    fires: [
      { what: "the last one is old", after: 65, series: { [drilled]: { ago: 35 * day + 2 * hour } }, labels },
      {
        what: "the last one is old, and a timer was set up since",
        after: 65,
        series: { [drilled]: { ago: 40 * day }, [drillScheduled]: { ago: day } },
        labels,
      },
      {
        what: "a timer is there for so long, and no drill was made",
        after: 65,
        series: { [drillScheduled]: { ago: 36 * day } },
        labels: { install, task: "drill" },
      },
    ],
    silent: [
      { what: "one was made", after: 65, series: { [drilled]: { ago: 34 * day } } },
      { what: "a timer is there since yesterday", after: 65, series: { [drillScheduled]: { ago: day } } },
      { what: "none was made, and none is scheduled", after: 65, series: { [backedUp]: { ago: 90 * day } } },
      {
        what: "only backups are scheduled",
        after: 65,
        series: { [of("slipway_backup_scheduled_timestamp_seconds", { task: "backup" })]: { ago: 90 * day } },
      },
    ],
  },
  SlipwayWalLate: ofValue("slipway_wal_late", [1, 0], 5),
  SlipwayCertificateEndsIn21Days: ofCertificate(21, 60),
  SlipwayCertificateEndsIn7Days: ofCertificate(7, 5),
  SlipwayDiskBelow15Percent: ofDisk(15, 15),
  SlipwayDiskBelow5Percent: ofDisk(5, 5),
  SlipwayStoreFull: ofValue("slipway_store_full", [1, 0], 1, store),
};
