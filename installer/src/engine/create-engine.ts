import type { BundleFilePorts } from "../actions/bundle/bundle-file-ports.ts";
import type { ActionPorts, InstallTarget } from "../actions/context.ts";
import type { Assets } from "../actions/assets.ts";
import type { LookPorts } from "../actions/metrics/look.ts";
import type { InstallRequest, InstallResult } from "../actions/install/install-request.ts";
import type { OfflinePorts } from "../actions/install/install-offline.ts";
import { stateLayout } from "../execute/state/layout.ts";
import type { HashingThreads } from "../platform/hashing-threads.ts";
import type { StartHttpServer } from "../platform/http-server.ts";
import type { PlanRequest, PlanResult } from "../actions/plan/plan.ts";
import type { Engine, Scope } from "./engine.ts";
import type { Freshness, TargetRequest, World } from "./targets.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The real use cases with the real world behind them. Everything is loaded on first use: `--version` needs none of it.
 * @param threads for commands about bundle files, where some were started already
 */
export function createEngine(
  environment: Environment,
  openAssets: () => Promise<Assets>,
  threads?: HashingThreads,
): Engine {
  async function worldFor(scope: Scope): Promise<World> {
    const { createPlatformPorts } = await import("../platform/create-ports.ts");
    return { ...createPlatformPorts(environment, scope.signal), ...scope, assets: await openAssets(), environment };
  }

  /** The world with the target of the install that the request is about. */
  async function portsFor(request: TargetRequest, scope: Scope, freshness?: Freshness): Promise<ActionPorts> {
    const { withTarget } = await import("./targets.ts");
    return withTarget(request, await worldFor(scope), freshness);
  }

  async function servingPorts(scope: Scope): Promise<ActionPorts & { readonly startHttpServer: StartHttpServer }> {
    const { startHttpServer } = await import("../platform/http-server.ts");
    return { ...(await portsFor({}, scope)), startHttpServer };
  }

  /** Ports of a run that may use no network: programs it starts get no proxies, and a guard can be armed. */
  async function sealedPorts(request: TargetRequest, scope: Scope): Promise<OfflinePorts> {
    const { armEgressGuard, withoutProxies } = await import("../platform/egress-guard.ts");
    const { createPlatformPorts } = await import("../platform/create-ports.ts");
    const { startHttpServer } = await import("../platform/http-server.ts");
    const { withTarget } = await import("./targets.ts");
    const sealed = withoutProxies(environment);
    const world = { ...(await worldFor(scope)), ...createPlatformPorts(sealed, scope.signal), environment: sealed };
    return { ...(await withTarget(request, world)), startHttpServer, armEgressGuard };
  }

  /** With a bundle, or where nothing may be fetched, without any network. */
  async function runInstall(request: InstallRequest, scope: Scope): Promise<InstallResult> {
    return request.bundle !== undefined || request.offline === true
      ? (await import("../actions/install/install-offline.ts")).installOffline(
          request,
          await sealedPorts(request, scope),
        )
      : (await import("../actions/install/install.ts")).install(request, await portsFor(request, scope));
  }

  /** Commands that only read files do without the engine's client, which takes long to load. */
  async function filePorts({ report }: Scope): Promise<Pick<ActionPorts, "fs" | "assets" | "report">> {
    const { createFileSystem } = await import("../platform/file-system.ts");
    return { fs: createFileSystem(), assets: await openAssets(), report };
  }

  /** The same for commands about what is recorded of an install. */
  async function recordPorts(
    { name, stateDir }: InstallTarget,
    scope: Scope,
  ): Promise<Pick<ActionPorts, "fs" | "assets" | "report">> {
    const ports = await filePorts(scope);
    // Where nothing is installed nobody has to be asked, and the command starts faster.
    if ((await ports.fs.readTextIfPresent(stateLayout(stateDir).identity)) === undefined) return ports;
    const { hasSharedRecords } = await import("./targets.ts");
    if (await hasSharedRecords({ stateDir }, ports.fs)) await portsFor({ name, stateDir }, scope, "best");
    return ports;
  }

  /** With what they ask of the host. */
  async function hostPorts(scope: Scope): Promise<Pick<ActionPorts, "fs" | "assets" | "report" | "host" | "clock">> {
    const { createHost } = await import("../platform/host.ts");
    const { createClock } = await import("../platform/clock.ts");
    return { ...(await filePorts(scope)), host: createHost(), clock: createClock() };
  }

  /**
   * A look at an install opens its target itself: one that cannot be opened is a part of what is told. One that was opened is kept for the
   * next look, for each holds connections.
   */
  async function lookPorts(scope: Scope): Promise<LookPorts> {
    const { fs, clock, assets } = await hostPorts(scope);
    let opened: ActionPorts | undefined;
    const openTarget = async (install: InstallTarget): Promise<ActionPorts> => {
      if (opened === undefined) opened = await portsFor(install, scope, "best");
      else await (await import("./targets.ts")).refreshRecords(install, opened);
      return opened;
    };
    return { fs, clock, version: assets.version, openTarget };
  }

  async function planByRecords(request: PlanRequest, scope: Scope): Promise<PlanResult> {
    const { rulesFor } = await import("./targets.ts");
    const ports = await filePorts(scope);
    const target = await rulesFor(request, ports.fs);
    return (await import("../actions/plan/plan.ts")).planOffline(request, { ...ports, target });
  }

  /** Commands that only handle bundles start faster without it, and their start-up time is measured. */
  async function bundlePorts(scope: Scope): Promise<BundleFilePorts> {
    const { createBundlePlatform } = await import("../platform/create-bundle-ports.ts");
    return { ...createBundlePlatform(threads), ...scope, environment };
  }

  return {
    init: async (request, scope) => {
      const findDataPlace = async () => (await portsFor({}, scope)).target.dataPlace();
      return (await import("../actions/init/init.ts")).init(request, { ...(await hostPorts(scope)), findDataPlace });
    },
    adopt: async (request, scope) => (await import("../actions/adopt/adopt.ts")).adopt(request, await filePorts(scope)),
    validate: async (request, scope) =>
      (await import("../actions/validate/validate.ts")).validate(request, await recordPorts(request, scope)),
    listInstalls: async (request, scope) =>
      (await import("../actions/ls/ls.ts")).listInstalls(request, await portsFor({}, scope)),
    showValues: async (request, scope) =>
      (await import("../actions/values/show-values.ts")).showValues(request, await recordPorts(request, scope)),
    explain: async (request, scope) =>
      (await import("../actions/explain/explain.ts")).explain(request, await portsFor({}, scope)),
    render: async (request, scope) =>
      (await import("../actions/render/render.ts")).render(request, await recordPorts(request, scope)),
    plan: async (request, scope) =>
      request.offline === true
        ? planByRecords(request, scope)
        : request.bundle !== undefined
          ? (await import("../actions/install/install-offline.ts")).planOfBundle(
              request,
              await sealedPorts(request, scope),
            )
          : (await import("../actions/plan/plan.ts")).plan(request, await portsFor(request, scope)),
    install: runInstall,
    attach: async (request, scope) =>
      (await import("../actions/attach/attach.ts")).attach(request, await portsFor(request, scope)),
    status: async (request, scope) =>
      (await import("../actions/status/status.ts")).status(request, await portsFor(request, scope)),
    drift: async (request, scope) =>
      (await import("../actions/status/drift.ts")).drift(request, await portsFor(request, scope)),
    metrics: async (request, scope) =>
      (await import("../actions/metrics/metrics.ts")).metrics(request, await lookPorts(scope)),
    serveMetrics: async (request, scope) => {
      const { startHttpServer } = await import("../platform/http-server.ts");
      const ports = { ...(await lookPorts(scope)), ...scope, startHttpServer };
      return (await import("../actions/metrics/serve-metrics.ts")).serveMetrics(request, ports);
    },
    history: async (request, scope) =>
      (await import("../actions/history/history.ts")).history(request, await portsFor(request, scope, "best")),
    diffRevisions: async (request, scope) =>
      (await import("../actions/history/diff.ts")).diffRevisions(request, await portsFor(request, scope, "best")),
    logs: async (request, scope) =>
      (await import("../actions/logs/logs.ts")).logs(request, await portsFor(request, scope)),
    verify: async (request, scope) =>
      (await import("../actions/verify/verify.ts")).verify(request, await portsFor(request, scope)),
    initBackups: async (request, scope) =>
      (await import("../actions/backup/init-backups.ts")).initBackups(request, await portsFor(request, scope)),
    generateRecoveryKey: async (request, scope) =>
      (await import("../actions/backup/init-backups.ts")).generateRecoveryKey(request, await worldFor(scope)),
    createBackup: async (request, scope) =>
      (await import("../actions/backup/backup.ts")).createBackup(request, await portsFor(request, scope)),
    listBackups: async (request, scope) =>
      (await import("../actions/backup/backup.ts")).listBackups(request, await portsFor(request, scope)),
    verifyBackups: async (request, scope) =>
      (await import("../actions/backup/backup.ts")).verifyBackups(request, await portsFor(request, scope)),
    drillBackups: async (request, scope) =>
      (await import("../actions/backup/drill.ts")).drillBackups(request, await portsFor(request, scope)),
    scheduleBackups: async (request, scope) =>
      (await import("../actions/backup/schedule.ts")).scheduleBackups(request, await portsFor(request, scope)),
    pruneBackups: async (request, scope) =>
      (await import("../actions/backup/backup.ts")).pruneBackups(request, await portsFor(request, scope)),
    restore: async (request, scope) =>
      (await import("../actions/backup/restore.ts")).restore(
        request,
        await portsFor({ ...request, values: { files: [], set: request.set, without: [] } }, scope),
      ),
    restorePart: async (request, scope) =>
      (await import("../actions/backup/restore-part.ts")).restorePart(request, await portsFor(request, scope)),
    doctor: async (request, scope) =>
      (await import("../actions/doctor/doctor.ts")).doctor(request, await portsFor(request, scope, "best")),
    supportBundle: async (request, scope) =>
      (await import("../actions/support/support-bundle.ts")).supportBundle(
        request,
        await portsFor(request, scope, "best"),
      ),
    stop: async (request, scope) =>
      (await import("../actions/lifecycle/lifecycle.ts")).stop(request, await portsFor(request, scope)),
    start: async (request, scope) =>
      (await import("../actions/lifecycle/lifecycle.ts")).start(request, await portsFor(request, scope)),
    restart: async (request, scope) =>
      (await import("../actions/lifecycle/lifecycle.ts")).restart(request, await portsFor(request, scope)),
    scheduleHousekeeping: async (request, scope) =>
      (await import("../actions/housekeeping/schedule.ts")).scheduleHousekeeping(
        request,
        await portsFor(request, scope),
      ),
    cleanRegistry: async (request, scope) =>
      (await import("../actions/housekeeping/registry.ts")).cleanRegistry(request, await portsFor(request, scope)),
    runJob: async (request, scope) =>
      (await import("../actions/run-job/run-job.ts")).runJob(request, await portsFor(request, scope)),
    exec: async (request, scope) =>
      (await import("../actions/access/exec.ts")).exec(request, await portsFor(request, scope)),
    openConsole: async (request, scope) =>
      (await import("../actions/access/console.ts")).openConsole(request, await portsFor(request, scope)),
    open: async (request, scope) => {
      const { createBrowser } = await import("../platform/browser.ts");
      const ports = { ...(await portsFor(request, scope)), browser: createBrowser(environment) };
      return (await import("../actions/access/open.ts")).open(request, ports);
    },
    words: async (request, scope) =>
      (await import("../actions/completion/words.ts")).words(request, await portsFor(request, scope, "known")),
    exportCa: async (request, scope) =>
      (await import("../actions/secrets/ca-export.ts")).exportCa(request, await portsFor(request, scope, "best")),
    findRemains: async (request, scope) =>
      (await import("../actions/uninstall/find-remains.ts")).findRemains(request, await portsFor(request, scope)),
    uninstall: async (request, scope) =>
      (await import("../actions/uninstall/uninstall.ts")).uninstall(request, await portsFor(request, scope)),
    listSecrets: async (request, scope) =>
      (await import("../actions/secrets/secrets.ts")).listSecrets(request, await portsFor(request, scope, "best")),
    showSecret: async (request, scope) =>
      (await import("../actions/secrets/secrets.ts")).showSecret(request, await portsFor(request, scope, "best")),
    rotateSecrets: async (request, scope) =>
      (await import("../actions/secrets/rotate.ts")).rotateSecrets(request, await portsFor(request, scope)),
    rollback: async (request, scope) =>
      (await import("../actions/rollback/rollback.ts")).rollback(request, await portsFor(request, scope)),
    upgrade: async (request, scope) =>
      (await import("../actions/upgrade/upgrade.ts")).upgrade(request, await portsFor(request, scope), (asked) =>
        runInstall(asked, scope),
      ),
    acceptUpgrade: async (request, scope) =>
      (await import("../actions/upgrade/accept-upgrade.ts")).acceptUpgrade(request, await portsFor(request, scope)),
    findUpgrade: async (request, scope) =>
      (await import("../actions/upgrade/undo-upgrade.ts")).findUpgrade(request, await recordPorts(request, scope)),
    undoUpgrade: async (request, scope) =>
      (await import("../actions/upgrade/undo-upgrade.ts")).undoUpgrade(request, await portsFor(request, scope)),
    listImages: async (request, scope) =>
      (await import("../actions/images/images.ts")).listImages(request, await portsFor(request, scope)),
    buildImages: async (request, scope) =>
      (await import("../actions/images/images.ts")).buildImages(request, await portsFor({}, scope)),
    lockImages: async (request, scope) =>
      (await import("../actions/images/images-lock.ts")).lockImages(request, await portsFor(request, scope)),
    createBundle: async (request, scope) =>
      (await import("../actions/bundle/bundle-create.ts")).createBundle(request, await portsFor(request, scope)),
    flattenBundle: async (request, scope) =>
      (await import("../actions/bundle/bundle-flatten.ts")).flattenBundle(request, await portsFor({}, scope)),
    generateBundleKey: async (request, scope) =>
      (await import("../actions/bundle/bundle-keygen.ts")).generateBundleKey(request, await bundlePorts(scope)),
    inspectBundle: async (request, scope) =>
      (await import("../actions/bundle/bundle-inspect.ts")).inspectBundle(request, await bundlePorts(scope)),
    diffBundle: async (request, scope) =>
      (await import("../actions/bundle/bundle-diff.ts")).diffBundle(request, await portsFor({}, scope)),
    repairBundle: async (request, scope) =>
      (await import("../actions/bundle/bundle-repair.ts")).repairBundle(request, await bundlePorts(scope)),
    verifyBundle: async (request, scope) =>
      (await import("../actions/bundle/bundle-verify.ts")).verifyBundle(request, await bundlePorts(scope)),
    serveBundle: async (request, scope) =>
      (await import("../actions/bundle/bundle-serve.ts")).serveBundle(request, await servingPorts(scope)),
    loadBundle: async (request, scope) =>
      (await import("../actions/bundle/bundle-load.ts")).loadBundle(request, await servingPorts(scope)),
    push: async (request, scope) =>
      (await import("../actions/push/push.ts")).push(request, await portsFor(request, scope)),
  };
}
