import type { BundleFilePorts } from "../actions/bundle/bundle-file-ports.ts";
import type { ActionPorts } from "../actions/context.ts";
import type { Assets } from "../actions/assets.ts";
import type { OfflinePorts } from "../actions/install-offline.ts";
import type { StartHttpServer } from "../platform/http-server.ts";
import type { PlatformPorts } from "../platform/create-ports.ts";
import type { CliIo } from "./context.ts";
import type { Engine, Scope } from "./engine.ts";

/** The real use cases with the real world behind them. Everything is loaded on first use: `--version` needs none of it. */
export function createEngine(io: CliIo, openAssets: () => Promise<Assets>): Engine {
  let platform: Promise<PlatformPorts> | undefined;

  async function portsFor(scope: Scope): Promise<ActionPorts> {
    platform ??= import("../platform/create-ports.ts").then((module) => module.createPlatformPorts(io.env));
    return { ...(await platform), ...scope, assets: await openAssets(), environment: io.env };
  }

  async function servingPorts(scope: Scope): Promise<ActionPorts & { readonly startHttpServer: StartHttpServer }> {
    const { startHttpServer } = await import("../platform/http-server.ts");
    return { ...(await portsFor(scope)), startHttpServer };
  }

  /** Ports of a run that may use no network: programs it starts get no proxies, and a guard can be armed. */
  async function sealedPorts(scope: Scope): Promise<OfflinePorts> {
    const { armEgressGuard, withoutProxies } = await import("../platform/egress-guard.ts");
    const { createPlatformPorts } = await import("../platform/create-ports.ts");
    const environment = withoutProxies(io.env);
    const ports = { ...(await servingPorts(scope)), ...createPlatformPorts(environment) };
    return { ...ports, environment, armEgressGuard };
  }

  /** Commands that only read files do without the engine's client, which takes long to load. */
  async function filePorts(): Promise<Pick<ActionPorts, "fs" | "assets">> {
    const { createFileSystem } = await import("../platform/file-system.ts");
    return { fs: createFileSystem(), assets: await openAssets() };
  }

  /** Commands about bundles only start quicker without it, too, and are measured by that. */
  async function bundlePorts(scope: Scope): Promise<BundleFilePorts> {
    const { createBundlePlatform } = await import("../platform/create-bundle-ports.ts");
    return { ...createBundlePlatform(), ...scope, environment: io.env };
  }

  return {
    init: async (request) => (await import("../actions/init.ts")).init(request, await filePorts()),
    validate: async (request) => (await import("../actions/validate.ts")).validate(request, await filePorts()),
    render: async (request) => (await import("../actions/render.ts")).render(request, await filePorts()),
    plan: async (request, scope) =>
      request.offline === true
        ? (await import("../actions/plan-offline.ts")).planOffline(request, await filePorts())
        : request.bundle !== undefined
          ? (await import("../actions/install-offline.ts")).planOfBundle(request, await sealedPorts(scope))
          : (await import("../actions/plan.ts")).plan(request, await portsFor(scope)),
    install: async (request, scope) =>
      request.bundle !== undefined || request.offline === true
        ? (await import("../actions/install-offline.ts")).installOffline(request, await sealedPorts(scope))
        : (await import("../actions/install.ts")).install(request, await portsFor(scope)),
    status: async (request, scope) => (await import("../actions/status.ts")).status(request, await portsFor(scope)),
    logs: async (request, scope) => (await import("../actions/logs.ts")).logs(request, await portsFor(scope)),
    verify: async (request, scope) => (await import("../actions/verify.ts")).verify(request, await portsFor(scope)),
    doctor: async (request, scope) => (await import("../actions/doctor.ts")).doctor(request, await portsFor(scope)),
    stop: async (request, scope) => (await import("../actions/lifecycle.ts")).stop(request, await portsFor(scope)),
    start: async (request, scope) => (await import("../actions/lifecycle.ts")).start(request, await portsFor(scope)),
    restart: async (request, scope) =>
      (await import("../actions/lifecycle.ts")).restart(request, await portsFor(scope)),
    exportCa: async (request, scope) =>
      (await import("../actions/ca-export.ts")).exportCa(request, await portsFor(scope)),
    findRemains: async (request, scope) =>
      (await import("../actions/find-remains.ts")).findRemains(request, await portsFor(scope)),
    uninstall: async (request, scope) =>
      (await import("../actions/uninstall.ts")).uninstall(request, await portsFor(scope)),
    listSecrets: async (request, scope) =>
      (await import("../actions/secrets.ts")).listSecrets(request, await portsFor(scope)),
    showSecret: async (request, scope) =>
      (await import("../actions/secrets.ts")).showSecret(request, await portsFor(scope)),
    listImages: async (request, scope) =>
      (await import("../actions/images.ts")).listImages(request, await portsFor(scope)),
    buildImages: async (request, scope) =>
      (await import("../actions/images.ts")).buildImages(request, await portsFor(scope)),
    lockImages: async (request, scope) =>
      (await import("../actions/images-lock.ts")).lockImages(request, await portsFor(scope)),
    createBundle: async (request, scope) =>
      (await import("../actions/bundle-create.ts")).createBundle(request, await portsFor(scope)),
    flattenBundle: async (request, scope) =>
      (await import("../actions/bundle-flatten.ts")).flattenBundle(request, await portsFor(scope)),
    generateBundleKey: async (request, scope) =>
      (await import("../actions/bundle-keygen.ts")).generateBundleKey(request, await bundlePorts(scope)),
    inspectBundle: async (request, scope) =>
      (await import("../actions/bundle-inspect.ts")).inspectBundle(request, await bundlePorts(scope)),
    diffBundle: async (request, scope) =>
      (await import("../actions/bundle-diff.ts")).diffBundle(request, await portsFor(scope)),
    repairBundle: async (request, scope) =>
      (await import("../actions/bundle-repair.ts")).repairBundle(request, await bundlePorts(scope)),
    verifyBundle: async (request, scope) =>
      (await import("../actions/bundle-verify.ts")).verifyBundle(request, await bundlePorts(scope)),
    serveBundle: async (request, scope) =>
      (await import("../actions/bundle-serve.ts")).serveBundle(request, await servingPorts(scope)),
    loadBundle: async (request, scope) =>
      (await import("../actions/bundle-load.ts")).loadBundle(request, await servingPorts(scope)),
    push: async (request, scope) => (await import("../actions/push.ts")).push(request, await portsFor(scope)),
  };
}
