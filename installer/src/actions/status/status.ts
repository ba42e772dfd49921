import { openInstall, type Install, planOfInstall } from "../../execute/state/install.ts";
import type { Component, LocalizedText, Plan } from "../../plan/model.ts";
import { isFull, type LivePort, type LiveService, serves } from "../../targets/live-platform.ts";
import type { ActionPorts, InstallTarget, ResultHead } from "../context.ts";
import type { ObservedPlatform } from "../plan/observe.ts";
import { type BackupState, backupState } from "../backup/remembered.ts";
import { walStanding } from "../backup/wal-standing.ts";
import { findSecretTroubles, type SecretTrouble } from "../secrets/secret-troubles.ts";
import { type Elsewhere, findElsewhere } from "./elsewhere.ts";
import { type NotInstalled, notInstalledIn, type PublicUrl, urlsOf } from "./summary.ts";

export type StatusRequest = InstallTarget;

export interface ComponentStatus {
  readonly id: string;
  readonly title: LocalizedText;
  readonly presence: "embedded" | "external";
  /** `missing` when it has no container, `external` when it runs somewhere else. */
  readonly state: LiveService["phase"] | "missing" | "external";
  readonly health: LiveService["health"] | "unknown";
  readonly ok: boolean;
  readonly container?: string;
  readonly containerId?: string;
  readonly image?: string;
  readonly imageId?: string;
  readonly digest?: string;
  /** How long it has been up, as the target says it: `3 hours`. */
  readonly uptime?: string;
  /** Exit status of a container that ended. */
  readonly exitCode?: number;
  readonly ports: readonly LivePort[];
  readonly urls: readonly string[];
  /** What differs from what was installed, for example `image changed by hand`. */
  readonly drift: readonly string[];
  /** Of these, what keeps it from others: it may call itself healthy, and nobody reaches it. */
  readonly severed: readonly string[];
}

/** Data on a disk that is full. */
export interface FullStore {
  /** `component/volume`. */
  readonly store: string;
  /** What holds it: a volume. */
  readonly place: string;
  /** What is free on its disk, in bytes. */
  readonly freeBytes: number;
}

export interface StatusResult extends ResultHead<"StatusResult"> {
  readonly name: string;
  readonly installed: boolean;
  /**
   * `healthy`: everything that is installed serves and is reached, no secret is gone and no disk is full. `incomplete`: a change was begun
   * and did not end well. `absent`: no component and no data of it is there, as where another engine or cluster answers than the one it was
   * installed on.
   */
  readonly overall: "healthy" | "degraded" | "incomplete" | "stopped" | "absent" | "not-installed";
  /** Secrets that are not as the platform runs with them. */
  readonly secrets: readonly SecretTrouble[];
  /** Stores that cannot take more data. */
  readonly full: readonly FullStore[];
  /** Where nothing is installed: a platform of this name that runs here all the same. */
  readonly elsewhere?: Elsewhere;
  /** When the change began that is not complete. */
  readonly changeSince?: string;
  readonly version?: string;
  readonly profile?: string;
  /** Counts the changes that were completed, from 1. */
  readonly release?: number;
  readonly installedAt?: string;
  /** Version of what runs the containers. */
  readonly engine: { readonly version: string; readonly apiVersion: string };
  readonly components: readonly ComponentStatus[];
  readonly notInstalled: readonly NotInstalled[];
  /** Containers of this project that no install of ours made. */
  readonly foreign: readonly string[];
  readonly urls: readonly PublicUrl[];
  /** How backups stand; absent where none are made. */
  readonly backup?: BackupState;
}

export type StatusPorts = Pick<ActionPorts, "fs" | "clock" | "target">;

/**
 * The live state of the platform, read from the target. The caller turns `overall` other than healthy into exit 7.
 * @throws PreflightError when the target does not answer, or a record is damaged
 */
export async function status(request: StatusRequest, ports: StatusPorts): Promise<StatusResult> {
  return (await lookAtInstall(request, ports)).status;
}

/** One look at an install: what is said of it, and what that was said after. */
export interface InstallLook {
  readonly status: StatusResult;
  readonly live: ObservedPlatform;
}

/**
 * What `status` says, with what was seen.
 * @throws as `status`
 */
export async function lookAtInstall(request: StatusRequest, ports: StatusPorts): Promise<InstallLook> {
  const install = await openInstall(request, ports.fs);
  const [facts, live] = await Promise.all([ports.target.facts(), observeInstall(install, ports)]);
  const result = describeInstall(install, live, { version: facts.version, apiVersion: facts.apiVersion });
  const elsewhere = result.installed ? undefined : await findElsewhere(install, ports);
  const backup = await backupStanding(install, live, ports);
  const more = { ...(elsewhere === undefined ? {} : { elsewhere }), ...(backup === undefined ? {} : { backup }) };
  return { status: { ...result, ...more }, live };
}

/** How backups stand, with what their services tell; undefined where none are made. */
export async function backupStanding(
  install: Install,
  live: ObservedPlatform,
  ports: StatusPorts,
): Promise<BackupState | undefined> {
  const [plan, now] = [planOfInstall(install), ports.clock.now()];
  const backup = await backupState(install, plan, now, ports.fs);
  if (backup === undefined) return undefined;
  const wal = await walStanding({ plan, live, now, lastBackup: backup.last?.at }, ports);
  return wal === undefined ? backup : { ...backup, wal };
}

/** Looks at an install as it is recorded, and at its secrets. */
export async function observeInstall(install: Install, ports: StatusPorts): Promise<ObservedPlatform> {
  const plan = planOfInstall(install);
  const components = plan?.components.map(({ id }) => id) ?? [];
  const live = await ports.target.observe(install, { components, images: [] });
  if (plan === undefined) return { ...live, secrets: [] };
  const rendering = () => ports.target.render(plan);
  return { ...live, secrets: await findSecretTroubles(install, { plan, rendering }, live, ports) };
}

/** What was seen of an install, for people; pure. */
export function describeInstall(
  install: Install,
  live: ObservedPlatform,
  engine: StatusResult["engine"],
): StatusResult {
  const head = { apiVersion: "slipway/v1", kind: "StatusResult", name: install.name, engine } as const;
  const plan = planOfInstall(install);
  const { applied } = install;
  if (plan === undefined || (applied.appliedHash === "" && live.services.size === 0)) {
    return {
      ...head,
      installed: false,
      overall: "not-installed",
      components: [],
      notInstalled: [],
      foreign: live.foreign,
      secrets: [],
      full: [],
      urls: [],
    };
  }
  const components = plan.components
    .filter(({ presence, workload }) => presence === "external" || (presence === "embedded" && workload !== undefined))
    .map((component) => componentStatus(component, live.services.get(component.id), install));
  return {
    ...head,
    installed: true,
    overall: isAbsent(components, live, install) ? "absent" : overallOf(components, install, live),
    ...(applied.change === undefined ? {} : { changeSince: applied.change.at }),
    ...recordedFacts(plan, install),
    components,
    notInstalled: notInstalledIn(plan),
    foreign: live.foreign,
    secrets: live.secrets,
    full: fullStores(live),
    urls: urlsOf(plan),
  };
}

function fullStores({ stores }: ObservedPlatform): readonly FullStore[] {
  return [...stores].flatMap(([store, live]) => {
    const { place, freeBytes } = live;
    return live.ours && freeBytes !== undefined && isFull(live) ? [{ store, place, freeBytes }] : [];
  });
}

function recordedFacts(plan: Plan, { applied }: Install): Partial<StatusResult> {
  return {
    version: plan.install.version,
    profile: plan.install.profile,
    release: applied.release,
    ...(applied.installedAt === undefined ? {} : { installedAt: applied.installedAt }),
  };
}

/** One that was stopped, or whose containers were removed, still has the data that it once served from. */
function isAbsent(components: readonly ComponentStatus[], live: ObservedPlatform, { applied }: Install): boolean {
  if (Object.keys(applied.initialised).length === 0 || live.stores.size > 0) return false;
  return components.every(({ state }) => state === "missing" || state === "external");
}

function overallOf(
  components: readonly ComponentStatus[],
  { applied }: Install,
  live: ObservedPlatform,
): StatusResult["overall"] {
  if (applied.change !== undefined) return "incomplete";
  const embedded = components.filter((component) => component.presence === "embedded");
  const down: readonly ComponentStatus["state"][] = ["exited", "created", "missing"];
  if (embedded.length > 0 && embedded.every((component) => down.includes(component.state))) return "stopped";
  // What runs goes on without a secret, and the next change cannot be made; with a full disk it goes on until it writes.
  const isWhole = !live.secrets.some(({ state }) => state === "gone") && fullStores(live).length === 0;
  return isWhole && embedded.every((component) => component.ok) ? "healthy" : "degraded";
}

function componentStatus(component: Component, seen: LiveService | undefined, install: Install): ComponentStatus {
  const { id, title, links } = component;
  const head = { id, title, urls: links.map((link) => link.url), ports: [], drift: [], severed: [] };
  if (component.workload === undefined) {
    return { ...head, presence: "external", state: "external", health: "unknown", ok: true };
  }
  if (seen === undefined) {
    const drift = ["its container is gone"];
    return { ...head, presence: "embedded", state: "missing", health: "unknown", ok: false, drift };
  }
  const running = seen.phase === "running";
  return {
    ...head,
    presence: "embedded",
    state: seen.phase,
    health: running ? seen.health : "unknown",
    // Its own health check does not leave the container, so it stays healthy when nobody reaches it any more.
    ok: serves(seen) && seen.severed.length === 0,
    container: seen.name,
    containerId: seen.id,
    image: seen.image,
    imageId: seen.imageId,
    ...(seen.digest === undefined ? {} : { digest: seen.digest }),
    ...(seen.uptime === undefined ? {} : { uptime: seen.uptime }),
    ...(running || seen.exitCode === undefined ? {} : { exitCode: seen.exitCode }),
    ports: seen.ports,
    drift: driftOf(seen, install),
    severed: seen.severed,
  };
}

/** While a change is under way, what differs from the last one is its own work. */
function driftOf(seen: LiveService, { applied }: Install): readonly string[] {
  const unit = applied.units.find((candidate) => candidate.role === "service" && candidate.id === seen.component);
  const files = seen.changedFiles.map((path) => `live file ${path} was changed`);
  if (unit === undefined || applied.change !== undefined) return [...seen.severed, ...files];
  return [
    ...seen.severed,
    ...(seen.specHash === unit.specHash ? [] : ["its definition is not the installed one"]),
    ...(seen.image === unit.image ? [] : [`it runs ${seen.image} instead of ${unit.image}`]),
    ...(seen.replaced ? ["its container was replaced by hand"] : []),
    ...files,
  ];
}
