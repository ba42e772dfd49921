import { backupDeadlines } from "../backup/remembered.ts";
import type { ResultHead } from "../context.ts";

/** When somebody is to be told, and what that person does. */
export interface AlertRule {
  readonly alert: string;
  /** PromQL. */
  readonly expr: string;
  /** How long it has to hold, as Prometheus writes it. */
  readonly for: string;
  /** `critical`: people are or will soon be without the platform, or data is at risk; `warning`: there is time until tomorrow. */
  readonly severity: "critical" | "warning";
  /** One line; `{{ $labels.x }}` stands for a label. */
  readonly summary: string;
  /** The command to begin with. */
  readonly command: string;
}

/** What `slipway metrics --rules` prints for a program. */
export interface AlertRulesResult extends ResultHead<"AlertRulesResult"> {
  readonly rules: readonly AlertRule[];
}

const install = "{{ $labels.install }}";
const component = "{{ $labels.component }}";
const store = "{{ $labels.store }}";
const certificate = "{{ $labels.certificate }} ({{ $labels.subject }})";

/** How many seconds a moment that a metric tells is past; every metric of a moment is absent where there was none. */
const age = (metric: string): string => `time() - ${metric}`;

/** Every rule. They hold for all installs that one Prometheus asks. */
export const alertRules: readonly AlertRule[] = [
  {
    alert: "SlipwayMetricsMissing",
    expr: "absent(slipway_look_ok)",
    for: "10m",
    severity: "critical",
    summary: "No metrics of any platform arrive: slipway metrics does not run, or is not reached",
    command: "slipway metrics",
  },
  {
    alert: "SlipwayLookFailed",
    expr: "slipway_look_ok == 0",
    for: "5m",
    severity: "critical",
    summary: `What the platform ${install} runs on does not answer`,
    command: `slipway doctor --name ${install}`,
  },
  {
    alert: "SlipwayLookOld",
    expr: `${age("slipway_look_timestamp_seconds")} > 15 * 60`,
    for: "5m",
    severity: "warning",
    summary: `The metrics of the platform ${install} are more than 15 minutes old`,
    command: `slipway metrics --name ${install}`,
  },
  {
    alert: "SlipwayPlatformNotHealthy",
    expr: "slipway_platform_healthy == 0",
    for: "10m",
    severity: "critical",
    summary: `The platform ${install} is not healthy`,
    command: `slipway status --name ${install}`,
  },
  {
    alert: "SlipwayComponentDown",
    expr: "slipway_component_healthy == 0",
    for: "5m",
    severity: "critical",
    summary: `${component} of the platform ${install} does not serve, or is not reached`,
    command: `slipway logs ${component} --name ${install}`,
  },
  {
    alert: "SlipwayComponentRestarts",
    expr: "increase(slipway_component_restarts_total[1h]) > 3",
    for: "0m",
    severity: "warning",
    summary: `${component} of the platform ${install} keeps ending and being started again`,
    command: `slipway logs ${component} --name ${install}`,
  },
  {
    alert: "SlipwayChangeIncomplete",
    expr: `${age("slipway_change_begun_timestamp_seconds")} > 3600`,
    for: "5m",
    severity: "warning",
    summary: `A change of the platform ${install} was begun more than an hour ago and is not complete`,
    command: `slipway install --name ${install}`,
  },
  {
    alert: "SlipwayLastRunFailed",
    expr: "slipway_last_run_failed == 1",
    for: "5m",
    severity: "warning",
    summary: `The last command that changed the platform ${install} or its backups failed`,
    command: `slipway history --name ${install}`,
  },
  {
    alert: "SlipwayDrift",
    expr: "slipway_component_drift > 0",
    for: "1d",
    severity: "warning",
    summary: `${component} of the platform ${install} has not been as it was installed for a day`,
    command: `slipway status --drift --name ${install}`,
  },
  {
    alert: "SlipwaySecretGone",
    expr: 'slipway_secret_troubles{state="gone"} > 0',
    for: "5m",
    severity: "critical",
    summary: `A secret of the platform ${install} is gone, and no change can be made`,
    command: `slipway doctor --name ${install}`,
  },
  {
    alert: "SlipwayBackupMissing",
    expr: "slipway_backup_enabled == 1 unless on (install) slipway_backup_last_timestamp_seconds",
    for: "1d",
    severity: "critical",
    summary: `The platform ${install} has no backup`,
    command: `slipway backup create --name ${install}`,
  },
  {
    alert: "SlipwayBackupOld",
    expr: `${age("slipway_backup_last_timestamp_seconds")} > ${backupDeadlines.lateSeconds / 3600} * 3600`,
    for: "5m",
    severity: "critical",
    summary: `The newest backup of the platform ${install} is more than ${backupDeadlines.lateSeconds / 3600} hours old`,
    command: `slipway backup create --name ${install}`,
  },
  {
    alert: "SlipwayBackupNotProved",
    expr: `${age("slipway_backup_proof_timestamp_seconds")} > ${backupDeadlines.proofDays} * 86400 or on (install) (slipway_backup_last_timestamp_seconds unless on (install) slipway_backup_proof_timestamp_seconds)`,
    for: "6h",
    severity: "warning",
    summary: `No backup of the platform ${install} was restored to a scratch place for ${backupDeadlines.proofDays} days`,
    command: `slipway backup verify --prove latest --name ${install}`,
  },
  {
    alert: "SlipwayDrillOld",
    expr: `time() - (slipway_backup_drill_timestamp_seconds or on (install) slipway_backup_scheduled_timestamp_seconds{task="drill"}) > ${backupDeadlines.drillDays} * 86400`,
    for: "1h",
    severity: "warning",
    summary: `No platform was brought up from a backup of ${install} for ${backupDeadlines.drillDays} days`,
    command: `slipway backup drill --name ${install}`,
  },
  {
    alert: "SlipwayWalLate",
    expr: "slipway_wal_late == 1",
    for: "5m",
    severity: "critical",
    summary: `More than five minutes of work in the databases of the platform ${install} would be lost: their write-ahead log is not stored`,
    command: `slipway status --name ${install}`,
  },
  {
    alert: "SlipwayCertificateEndsIn21Days",
    expr: "slipway_certificate_expiry_timestamp_seconds - time() < 21 * 86400",
    for: "1h",
    severity: "warning",
    summary: `The certificate ${certificate} of the platform ${install} ends within 21 days`,
    command: `slipway install --name ${install}`,
  },
  {
    alert: "SlipwayCertificateEndsIn7Days",
    expr: "slipway_certificate_expiry_timestamp_seconds - time() < 7 * 86400",
    for: "5m",
    severity: "critical",
    summary: `The certificate ${certificate} of the platform ${install} ends within 7 days`,
    command: `slipway install --name ${install}`,
  },
  {
    alert: "SlipwayDiskBelow15Percent",
    expr: "slipway_store_free_bytes / slipway_store_size_bytes < 0.15",
    for: "15m",
    severity: "warning",
    summary: `Less than 15 percent of the disk of ${store} of the platform ${install} are free`,
    command: `slipway status --name ${install}`,
  },
  {
    alert: "SlipwayDiskBelow5Percent",
    expr: "slipway_store_free_bytes / slipway_store_size_bytes < 0.05",
    for: "5m",
    severity: "critical",
    summary: `Less than 5 percent of the disk of ${store} of the platform ${install} are free`,
    command: `slipway status --name ${install}`,
  },
  {
    alert: "SlipwayStoreFull",
    expr: "slipway_store_full == 1",
    for: "1m",
    severity: "critical",
    summary: `The disk of ${store} of the platform ${install} is full: make room before anything is restarted`,
    command: `slipway status --name ${install}`,
  },
];
