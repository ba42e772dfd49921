import type { AdoptRequest, AdoptResult } from "../actions/adopt/adopt.ts";
import type {
  BackupCreateRequest,
  BackupCreateResult,
  BackupListResult,
  BackupPruneRequest,
  BackupPruneResult,
  BackupVerifyRequest,
  BackupVerifyResult,
} from "../actions/backup/backup.ts";
import type { BackupDrillRequest, BackupDrillResult } from "../actions/backup/drill.ts";
import type { BackupScheduleRequest, BackupScheduleResult } from "../actions/backup/schedule.ts";
import type { RestorePartRequest, RestorePartResult } from "../actions/backup/restore-part.ts";
import type { RestoreRequest, RestoreResult } from "../actions/backup/restore.ts";
import type {
  BackupInitRequest,
  BackupInitResult,
  BackupKeygenRequest,
  BackupKeygenResult,
} from "../actions/backup/init-backups.ts";
import type { BundleCreateRequest, BundleCreateResult } from "../actions/bundle/create-request.ts";
import type { BundleDiffRequest, BundleDiffResult } from "../actions/bundle/bundle-diff.ts";
import type { BundleInspectRequest, BundleInspectResult } from "../actions/bundle/bundle-inspect.ts";
import type { BundleKeygenRequest, BundleKeygenResult } from "../actions/bundle/bundle-keygen.ts";
import type { BundleRepairRequest, BundleRepairResult } from "../actions/bundle/bundle-repair.ts";
import type { BundleVerifyRequest, BundleVerifyResult } from "../actions/bundle/bundle-verify.ts";
import type { BundleFlattenRequest, BundleFlattenResult } from "../actions/bundle/bundle-flatten.ts";
import type { BundleLoadRequest, BundleLoadResult } from "../actions/bundle/bundle-load.ts";
import type { BundleServeRequest, BundleServeResult } from "../actions/bundle/bundle-serve.ts";
import type { CaExportRequest, CaExportResult } from "../actions/secrets/ca-export.ts";
import type { ConsoleRequest } from "../actions/access/console.ts";
import type { ExecRequest, ProgramEnd } from "../actions/access/exec.ts";
import type { OpenRequest, OpenResult } from "../actions/access/open.ts";
import type { AttachRequest, AttachResult } from "../actions/attach/attach.ts";
import type { WordsRequest } from "../actions/completion/words.ts";
import type { ActionPorts, InstallTarget } from "../actions/context.ts";
import type { ExplainRequest, ExplainResult } from "../actions/explain/explain.ts";
import type { ShowValuesRequest, ValuesShowResult } from "../actions/values/show-values.ts";
import type { DiffRequest, DiffResult } from "../actions/history/diff.ts";
import type { HistoryRequest, HistoryResult } from "../actions/history/history.ts";
import type { DoctorRequest, DoctorResult } from "../actions/doctor/doctor.ts";
import type { FoundRemains } from "../actions/uninstall/find-remains.ts";
import type {
  ImagesBuildRequest,
  ImagesBuildResult,
  ImagesListRequest,
  ImagesListResult,
} from "../actions/images/images.ts";
import type { HousekeepingScheduleRequest, HousekeepingScheduleResult } from "../actions/housekeeping/schedule.ts";
import type { RegistryHousekeepingRequest, RegistryHousekeepingResult } from "../actions/housekeeping/registry.ts";
import type { ImagesLockRequest, ImagesLockResult } from "../actions/images/images-lock.ts";
import type { InstallsResult } from "../actions/ls/ls.ts";
import type { InitRequest, InitResult } from "../actions/init/init.ts";
import type { InstallRequest, InstallResult } from "../actions/install/install-request.ts";
import type { LifecycleRequest, LifecycleResult } from "../actions/lifecycle/lifecycle.ts";
import type { LogsRequest, LogsResult } from "../actions/logs/logs.ts";
import type { MetricsRequest, MetricsResult } from "../actions/metrics/metrics.ts";
import type { MetricsServeRequest, MetricsServeResult } from "../actions/metrics/serve-metrics.ts";
import type { PlanRequest, PlanResult } from "../actions/plan/plan.ts";
import type { PushRequest, PushResult } from "../actions/push/push-request.ts";
import type { RenderRequest, RenderResult } from "../actions/render/render.ts";
import type { OpenUpgrade, UpgradeUndoneResult } from "../actions/upgrade/undo-upgrade.ts";
import type { UpgradeAcceptResult } from "../actions/upgrade/accept-upgrade.ts";
import type { UpgradeRequest, UpgradeResult } from "../actions/upgrade/upgrade.ts";
import type { RollbackRequest, RollbackResult } from "../actions/rollback/rollback.ts";
import type { RunJobRequest, RunJobResult } from "../actions/run-job/run-job.ts";
import type { SecretsRotateRequest, SecretsRotateResult } from "../actions/secrets/rotate.ts";
import type {
  SecretShowRequest,
  SecretShowResult,
  SecretsListRequest,
  SecretsListResult,
} from "../actions/secrets/secrets.ts";
import type { DriftResult } from "../actions/status/drift.ts";
import type { SupportBundleRequest, SupportBundleResult } from "../actions/support/support-request.ts";
import type { StatusRequest, StatusResult } from "../actions/status/status.ts";
import type { UninstallRequest, UninstallResult } from "../actions/uninstall/uninstall.ts";
import type { ValidateRequest, ValidateResult } from "../actions/validate/validate.ts";
import type { VerifyRequest, VerifyResult } from "../actions/verify/verify.ts";

/** Where an action reports to and what stops it. */
export interface Scope {
  readonly report: ActionPorts["report"];
  readonly signal: AbortSignal;
}

type Action<Request, Result> = (request: Request, scope: Scope) => Promise<Result>;

/** The use cases behind the commands. Each is loaded when it is first used, so that a start stays quick. */
export interface Engine {
  readonly init: Action<InitRequest, InitResult>;
  readonly adopt: Action<AdoptRequest, AdoptResult>;
  readonly listInstalls: Action<unknown, InstallsResult>;
  readonly showValues: Action<ShowValuesRequest, ValuesShowResult>;
  readonly explain: Action<ExplainRequest, ExplainResult>;
  readonly validate: Action<ValidateRequest, ValidateResult>;
  readonly plan: Action<PlanRequest, PlanResult>;
  readonly render: Action<RenderRequest, RenderResult>;
  readonly install: Action<InstallRequest, InstallResult>;
  readonly attach: Action<AttachRequest, AttachResult>;
  readonly status: Action<StatusRequest, StatusResult>;
  readonly drift: Action<InstallTarget, DriftResult>;
  readonly metrics: Action<MetricsRequest, MetricsResult>;
  readonly serveMetrics: Action<MetricsServeRequest, MetricsServeResult>;
  readonly history: Action<HistoryRequest, HistoryResult>;
  readonly diffRevisions: Action<DiffRequest, DiffResult>;
  readonly logs: Action<LogsRequest, LogsResult>;
  readonly verify: Action<VerifyRequest, VerifyResult>;
  readonly initBackups: Action<BackupInitRequest, BackupInitResult>;
  readonly generateRecoveryKey: Action<BackupKeygenRequest, BackupKeygenResult>;
  readonly createBackup: Action<BackupCreateRequest, BackupCreateResult>;
  readonly listBackups: Action<InstallTarget, BackupListResult>;
  readonly verifyBackups: Action<BackupVerifyRequest, BackupVerifyResult>;
  readonly drillBackups: Action<BackupDrillRequest, BackupDrillResult>;
  readonly scheduleBackups: Action<BackupScheduleRequest, BackupScheduleResult>;
  readonly pruneBackups: Action<BackupPruneRequest, BackupPruneResult>;
  readonly restore: Action<RestoreRequest, RestoreResult>;
  readonly restorePart: Action<RestorePartRequest, RestorePartResult>;
  readonly doctor: Action<DoctorRequest, DoctorResult>;
  readonly supportBundle: Action<SupportBundleRequest, SupportBundleResult>;
  readonly stop: Action<LifecycleRequest, LifecycleResult>;
  readonly start: Action<LifecycleRequest, LifecycleResult>;
  readonly restart: Action<LifecycleRequest, LifecycleResult>;
  readonly scheduleHousekeeping: Action<HousekeepingScheduleRequest, HousekeepingScheduleResult>;
  readonly cleanRegistry: Action<RegistryHousekeepingRequest, RegistryHousekeepingResult>;
  readonly runJob: Action<RunJobRequest, RunJobResult>;
  readonly exec: Action<ExecRequest, ProgramEnd>;
  readonly openConsole: Action<ConsoleRequest, ProgramEnd>;
  readonly open: Action<OpenRequest, OpenResult>;
  readonly words: Action<WordsRequest, readonly string[]>;
  readonly exportCa: Action<CaExportRequest, CaExportResult>;
  readonly findRemains: Action<InstallTarget, FoundRemains>;
  readonly uninstall: Action<UninstallRequest, UninstallResult>;
  readonly listSecrets: Action<SecretsListRequest, SecretsListResult>;
  readonly showSecret: Action<SecretShowRequest, SecretShowResult>;
  readonly rotateSecrets: Action<SecretsRotateRequest, SecretsRotateResult>;
  readonly rollback: Action<RollbackRequest, RollbackResult>;
  readonly upgrade: Action<UpgradeRequest, UpgradeResult>;
  readonly acceptUpgrade: Action<InstallTarget, UpgradeAcceptResult>;
  /** The upgrade that can be taken back; undefined where there is none. */
  readonly findUpgrade: Action<InstallTarget, OpenUpgrade | undefined>;
  readonly undoUpgrade: Action<InstallTarget, UpgradeUndoneResult>;
  readonly listImages: Action<ImagesListRequest, ImagesListResult>;
  readonly buildImages: Action<ImagesBuildRequest, ImagesBuildResult>;
  readonly lockImages: Action<ImagesLockRequest, ImagesLockResult>;
  readonly createBundle: Action<BundleCreateRequest, BundleCreateResult>;
  readonly flattenBundle: Action<BundleFlattenRequest, BundleFlattenResult>;
  readonly generateBundleKey: Action<BundleKeygenRequest, BundleKeygenResult>;
  readonly inspectBundle: Action<BundleInspectRequest, BundleInspectResult>;
  readonly diffBundle: Action<BundleDiffRequest, BundleDiffResult>;
  readonly repairBundle: Action<BundleRepairRequest, BundleRepairResult>;
  readonly verifyBundle: Action<BundleVerifyRequest, BundleVerifyResult>;
  readonly serveBundle: Action<BundleServeRequest, BundleServeResult>;
  readonly loadBundle: Action<BundleLoadRequest, BundleLoadResult>;
  readonly push: Action<PushRequest, PushResult>;
}
