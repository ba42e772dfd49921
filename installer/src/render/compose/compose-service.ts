import { hash } from "node:crypto";
import { RenderError } from "../../errors/installer-error.ts";
import { findComponent, findJob, isConsole } from "../../plan/find-in-plan.ts";
import type { Component, Container, Dependency, Health, Job, Plan, Probe, PublishedPort } from "../../plan/model.ts";
import { type AddressBook, resolveEndpoints } from "../addresses.ts";
import type { RenderedFile } from "../rendered-file.ts";
import { componentLabel, nameLabel, roleLabel } from "./labels.ts";
import { gatewayAliases, type NetworkName, networksOf } from "./networks.ts";

export interface ComposeOptions {
  /** Docker 25 and later check more often while a container starts. */
  readonly startInterval: boolean;
}

export type ComposeObject = Readonly<Record<string, unknown>>;

export interface UnitContext {
  readonly plan: Plan;
  readonly book: AddressBook;
  readonly options: ComposeOptions;
}

/** Name of a volume in the engine; the project is its prefix. */
export function engineVolumeName(plan: Plan, component: string, volume: string): string {
  return `${plan.install.name}_${component}-${volume}`;
}

/** Key of a volume in the Compose file. */
export function volumeKey(component: string, volume: string): string {
  return `${component}-${volume}`;
}

/**
 * The Compose service of a component.
 * @throws RenderError when the component asks for what one host cannot give
 */
export function renderService(
  context: UnitContext,
  component: Component,
  files: readonly RenderedFile[],
): ComposeObject {
  const { workload } = component;
  if (workload === undefined) throw new RenderError(`${component.id} runs nothing here`);
  const { replicas, maxReplicas } = workload;
  if (replicas !== 1 || maxReplicas !== undefined) {
    const asked = replicas === 1 ? `maxReplicas is ${maxReplicas ?? 0}` : `replicas is ${replicas}`;
    throw new RenderError(`${component.id}.${asked}; Compose runs one of each`, {
      hint: `set ${replicas === 1 ? "it to 0" : "it to 1"}, or install with --mode helm`,
    });
  }
  return {
    ...renderContainer(context, workload.container, component.id, files),
    restart: "unless-stopped",
    stop_grace_period: `${workload.stopSeconds}s`,
    ...(workload.stopSignal === undefined ? {} : { stop_signal: workload.stopSignal }),
    healthcheck: renderHealth(workload.health, context.options),
    ...renderDependsOn(context.plan, component.needs),
    networks: renderNetworks(context.plan, networksOf(context.plan, component.zone, component.reaches), component),
    ...renderPorts(component.published),
    labels: labels(context.plan, component.id, "service"),
  };
}

/** The Compose service of a job: profile `jobs`, so that it only runs when asked for. */
export function renderJob(context: UnitContext, job: Job, files: readonly RenderedFile[]): ComposeObject {
  const networks = networksOf(context.plan, undefined, job.reaches);
  return {
    ...renderContainer(context, job.container, job.component, files),
    // What a person reads there is nobody else's, and a copy of it could be as large as the data.
    ...(job.isPrivate === true || isConsole(context.plan, job) ? { logging: { driver: "none" } } : {}),
    profiles: ["jobs"],
    restart: "no",
    healthcheck: { disable: true },
    ...(networks.length === 0 ? { network_mode: "none" } : { networks: renderNetworks(context.plan, networks) }),
    labels: labels(context.plan, job.id, "job"),
  };
}

/** Hash of everything that makes a container what it is, its files' unresolved contents included. */
export function specHash(service: ComposeObject, files: readonly RenderedFile[]): string {
  return hash("sha256", JSON.stringify([service, files.map((file) => [file.path, file.contents])])).slice(0, 32);
}

/** Others have 1024: so it gets about a twentieth of what somebody else wants, and all that nobody does. */
const yieldingShares = 51;

function renderContainer(
  context: UnitContext,
  container: Container,
  owner: string,
  files: readonly RenderedFile[],
): ComposeObject {
  const { resources } = container;
  return {
    image: container.image.reference,
    ...(container.entrypoint === undefined ? {} : { entrypoint: container.entrypoint }),
    ...(container.command === undefined ? {} : { command: container.command }),
    user: `${container.uid}:${container.uid}`,
    read_only: true,
    cap_drop: ["ALL"],
    security_opt: ["no-new-privileges:true"],
    pull_policy: "never",
    environment: renderEnvironment(context, container, owner),
    cpus: resources.cpus,
    ...(resources.yields === true ? { cpu_shares: yieldingShares } : {}),
    mem_limit: `${resources.memoryMiB}m`,
    pids_limit: resources.pids,
    ...(resources.shmMiB === undefined ? {} : { shm_size: `${resources.shmMiB}m` }),
    tmpfs: container.scratch.map((scratch) => renderScratch(scratch, container.uid)),
    volumes: [
      ...container.mounts.map((mount) => ({
        type: "volume",
        source: volumeKey(mount.component ?? owner, mount.volume),
        target: mount.path,
        ...(mount.readOnly === undefined ? {} : { read_only: true }),
      })),
      ...container.files.map((file, index) => ({
        type: "bind",
        source: `./${files[index]?.path ?? ""}`,
        target: file.path,
        read_only: true,
        bind: { create_host_path: false },
      })),
      ...(container.notices === undefined ? [] : [renderNotices(owner, container.notices)]),
    ],
    logging: {
      driver: "json-file",
      options: {
        "max-size": context.plan.settings.logs.maxSize,
        "max-file": String(context.plan.settings.logs.maxFiles),
      },
    },
  };
}

/** Folder of a component's notices, relative to the Compose file. */
export function noticesFolder(component: string): string {
  return `notices/${component}`;
}

/** Without a run the folder is not there, and the engine makes an empty one. */
function renderNotices(owner: string, target: string): ComposeObject {
  return {
    type: "bind",
    source: `./${noticesFolder(owner)}`,
    target,
    read_only: true,
    bind: { create_host_path: true },
  };
}

function renderEnvironment(context: UnitContext, container: Container, owner: string): ComposeObject {
  const variables = [{ name: "TZ", value: [context.plan.settings.timezone] }, ...container.env];
  return Object.fromEntries(
    variables.map(({ name, value }) => {
      const resolved = resolveEndpoints(value, context.book, `${owner}.env.${name}`);
      const literals = resolved.filter((part) => typeof part === "string");
      if (literals.length < resolved.length) {
        throw new RenderError(
          `${owner} takes a secret from the environment variable ${name}; Compose hands over secrets as files only`,
        );
      }
      return [name, literals.join("")];
    }),
  );
}

function renderScratch(scratch: Container["scratch"][number], uid: number): string {
  const exec = scratch.exec === true ? "exec" : "noexec";
  return `${scratch.path}:rw,nosuid,nodev,${exec},size=${scratch.sizeMiB}m,mode=0700,uid=${uid},gid=${uid}`;
}

function renderHealth(health: Health, options: ComposeOptions): ComposeObject {
  return {
    test: ["CMD", ...probeCommand(health.ready)],
    interval: options.startInterval ? "15s" : "5s",
    timeout: "5s",
    retries: 4,
    start_period: `${health.startSeconds}s`,
    ...(options.startInterval ? { start_interval: "1s" } : {}),
  };
}

function probeCommand(probe: Probe): readonly string[] {
  switch (probe.kind) {
    case "http":
      return ["probe", "http", `http://127.0.0.1:${probe.port}${probe.path}`];
    case "tcp":
      return ["probe", "tcp", `127.0.0.1:${probe.port}`];
    case "exec":
      return probe.command;
  }
}

/** Only between services: a job waited for stands for the services it waits for, so that Compose alone starts them in a sane order. */
function renderDependsOn(plan: Plan, needs: readonly Dependency[]): ComposeObject {
  const services = new Set<string>();
  const visit = (list: readonly Dependency[]): void => {
    for (const need of list) {
      if (need.kind === "completed") visit(findJob(plan, need.job)?.needs ?? []);
      else if (findComponent(plan, need.component)?.workload !== undefined) services.add(need.component);
    }
  };
  visit(needs);
  if (services.size === 0) return {};
  return { depends_on: Object.fromEntries([...services].sort().map((id) => [id, { condition: "service_healthy" }])) };
}

function renderNetworks(plan: Plan, networks: readonly NetworkName[], component?: Component): ComposeObject {
  const aliases = component?.role === "gateway" ? gatewayAliases(plan) : [];
  return Object.fromEntries(networks.map((name) => [name, aliases.length === 0 ? {} : { aliases }]));
}

function renderPorts(published: readonly PublishedPort[]): ComposeObject {
  if (published.length === 0) return {};
  return {
    ports: published.map((port) => ({
      mode: "host",
      protocol: "tcp",
      host_ip: port.address,
      published: String(port.hostPort),
      target: port.containerPort,
    })),
  };
}

function labels(plan: Plan, id: string, role: "service" | "job"): ComposeObject {
  return { [nameLabel]: plan.install.name, [componentLabel]: id, [roleLabel]: role };
}
