import { type Fields, fieldsOf } from "../../language/fields.ts";
import type { HarborApi, HarborRequest } from "./harbor-api.ts";
import { explainHarbor, type HarborErrand } from "./harbor-errors.ts";
import { Refusal } from "../refusal.ts";

/** What `systeminfo` says. Version and mode are only told to those who signed in. */
export interface HarborSystemInfo {
  readonly authMode: string;
  readonly version?: string;
  readonly readOnly?: boolean;
  /** `adminonly` or `everyone`. */
  readonly projectCreation?: string;
}

export interface HarborProject {
  readonly id: number;
  readonly name: string;
  readonly isPublic: boolean;
  /** It caches another registry and takes no pushes. */
  readonly isProxyCache: boolean;
  readonly retentionId?: number;
}

export interface HarborQuota {
  /** Bytes; -1 is without limit. */
  readonly hard: number;
  readonly used: number;
}

export interface HarborRobot {
  readonly id: number;
  /** As it signs in: `robot$ai-infra+install`. */
  readonly name: string;
  readonly disabled: boolean;
  /** Seconds since 1970; -1 is never. */
  readonly expiresAt: number;
}

/** A robot account just made. The secret is told once and never again. */
export interface CreatedRobot {
  readonly id: number;
  readonly name: string;
  readonly secret: string;
}

export interface NewRobot {
  readonly name: string;
  readonly description: string;
  /** Of one project, or of the whole system when there are several. */
  readonly projects: readonly string[];
  readonly actions: readonly ("pull" | "push")[];
}

/** A rule of a project that picks repositories and tags by patterns. */
export interface TagRule {
  readonly disabled: boolean;
  /** Patterns over repository names without the project: `**`, `{redis,library/*}`. */
  readonly repositories: readonly string[];
  readonly tags: readonly string[];
}

/** Harbor's API v2.0, typed: what a push needs of it. Every method throws RegistryError with advice. */
export interface HarborClient {
  readonly host: string;
  readonly user: string | undefined;
  ping(signal: AbortSignal): Promise<boolean>;
  systemInfo(signal: AbortSignal): Promise<HarborSystemInfo>;
  /** Whether a project exists, also one that this user may not look at. */
  projectExists(name: string, signal: AbortSignal): Promise<boolean>;
  /** Undefined when it does not exist. */
  project(name: string, signal: AbortSignal): Promise<HarborProject | undefined>;
  /** Names of the projects this user sees. */
  projectNames(signal: AbortSignal): Promise<readonly string[]>;
  /** Private. `storageLimit` in bytes, -1 for none; left out, Harbor's own default. One that is there already is no error. */
  createProject(name: string, storageLimit: number | undefined, signal: AbortSignal): Promise<void>;
  /** `hidden` when this user may not see it, `none` where quotas are switched off. */
  quota(project: HarborProject, signal: AbortSignal): Promise<HarborQuota | "hidden" | "none">;
  /** Of a project, or of the system. */
  robots(project: HarborProject | undefined, signal: AbortSignal): Promise<readonly HarborRobot[]>;
  createRobot(robot: NewRobot, signal: AbortSignal): Promise<CreatedRobot>;
  deleteRobot(id: number, signal: AbortSignal): Promise<void>;
  immutableRules(project: HarborProject, signal: AbortSignal): Promise<readonly TagRule[]>;
  createImmutableRule(project: HarborProject, repositories: string, signal: AbortSignal): Promise<void>;
  /** Keeps the newest of each repository, by push; what else is there goes, each night. */
  createRetention(project: HarborProject, repositories: string, keep: number, signal: AbortSignal): Promise<void>;
  hasBlob(repository: string, digest: string, signal: AbortSignal): Promise<boolean>;
}

/** The client over an API. */
export function createHarborClient(api: HarborApi, user: string | undefined): HarborClient {
  const { host } = api;
  const projectAdmin = (name: string): string => `a project administrator of ${name}`;

  async function guarded<T>(errand: Pick<HarborErrand, "what" | "needs">, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      throw explainHarbor(error, { host, user, ...errand });
    }
  }

  /** Undefined for one of these statuses, which are answers too. */
  async function unless(statuses: readonly number[], request: HarborRequest): Promise<unknown> {
    try {
      return (await api.send(request)) ?? {};
    } catch (error) {
      if (error instanceof Refusal && statuses.includes(error.status)) return undefined;
      throw error;
    }
  }

  return {
    host,
    user,
    hasBlob: (repository, digest, signal) =>
      guarded({ what: `the blob ${digest} of ${repository}`, needs: "the right to pull" }, () =>
        api.hasBlob(repository, digest, signal),
      ),
    ping: (signal) =>
      guarded({ what: "the API", needs: "nothing" }, async () => {
        return (await unless([404], { method: "GET", path: "/ping", signal })) === "Pong";
      }),
    systemInfo: (signal) =>
      guarded({ what: "the system's state", needs: "nothing" }, async () =>
        parseSystemInfo(fieldsOf(await api.send({ method: "GET", path: "/systeminfo", signal }))),
      ),
    projectExists: (name, signal) =>
      guarded({ what: `looking for the project ${name}`, needs: "a user of Harbor" }, async () => {
        const path = `/projects?project_name=${encodeURIComponent(name)}`;
        return (await unless([404], { method: "HEAD", path, signal })) !== undefined;
      }),
    project: (name, signal) =>
      guarded({ what: `looking at the project ${name}`, needs: `a member of ${name}` }, async () => {
        const found = await unless([404], { method: "GET", path: projectPath(name), signal });
        return found === undefined ? undefined : parseProject(fieldsOf(found), name);
      }),
    projectNames: (signal) =>
      guarded({ what: "the list of projects", needs: "a user of Harbor" }, async () =>
        (await api.list("/projects", signal)).map((row) => text(row["name"])),
      ),
    createProject: (name, storageLimit, signal) =>
      guarded(
        {
          what: `making the project ${name}`,
          needs: `an administrator of Harbor, or the setting that everyone may make projects; or have ${name} made and this user added as maintainer`,
        },
        async () => {
          const body = {
            project_name: name,
            metadata: { public: "false" },
            ...(storageLimit === undefined ? {} : { storage_limit: storageLimit }),
          };
          await unless([409], { method: "POST", path: "/projects", body, signal });
        },
      ),
    quota: (project, signal) =>
      guarded({ what: `the quota of ${project.name}`, needs: projectAdmin(project.name) }, async () => {
        const summary = await api.send({ method: "GET", path: `${projectPath(project.name)}/summary`, signal });
        const told = parseQuota(fieldsOf(fieldsOf(summary)["quota"]));
        if (told !== undefined) return told;
        const path = `/quotas?reference=project&reference_id=${project.id}`;
        const rows = await unless([401, 403], { method: "GET", path, signal });
        if (rows === undefined) return "hidden";
        return (Array.isArray(rows) ? parseQuota(fieldsOf(rows[0])) : undefined) ?? "none";
      }),
    robots: (project, signal) => {
      const query = project === undefined ? "Level=system" : `Level=project,ProjectID=${project.id}`;
      const what = `the robot accounts of ${project?.name ?? "the system"}`;
      const needs = project === undefined ? "an administrator of Harbor" : projectAdmin(project.name);
      return guarded({ what, needs }, async () =>
        (await api.list(`/robots?q=${encodeURIComponent(query)}`, signal)).map(parseRobot),
      );
    },
    createRobot: (robot, signal) => {
      const [only, ...more] = robot.projects;
      const needs = more.length > 0 ? "an administrator of Harbor" : projectAdmin(only ?? "the project");
      return guarded({ what: `making the robot account ${robot.name}`, needs }, async () =>
        parseCreatedRobot(
          fieldsOf(await api.send({ method: "POST", path: "/robots", body: robotBody(robot), signal })),
        ),
      );
    },
    deleteRobot: (id, signal) =>
      guarded({ what: `removing the robot account ${id}`, needs: "its maker" }, async () => {
        await unless([404], { method: "DELETE", path: `/robots/${id}`, signal });
      }),
    immutableRules: (project, signal) =>
      guarded({ what: `the immutable tags of ${project.name}`, needs: projectAdmin(project.name) }, async () =>
        (await api.list(`${projectPath(project.name)}/immutabletagrules`, signal)).map(parseRule),
      ),
    createImmutableRule: (project, repositories, signal) =>
      guarded({ what: `making tags of ${project.name} immutable`, needs: projectAdmin(project.name) }, async () => {
        const body = {
          ...selectors(repositories),
          action: "immutable",
          template: "immutable_template",
          disabled: false,
        };
        await api.send({ method: "POST", path: `${projectPath(project.name)}/immutabletagrules`, body, signal });
      }),
    createRetention: (project, repositories, keep, signal) =>
      guarded({ what: `the retention of ${project.name}`, needs: projectAdmin(project.name) }, async () => {
        const body = retentionBody(project, repositories, keep);
        await api.send({ method: "POST", path: "/retentions", body, signal });
      }),
  };
}

function projectPath(name: string): string {
  return `/projects/${encodeURIComponent(name)}`;
}

function selectors(repositories: string): Fields {
  return {
    tag_selectors: [{ kind: "doublestar", decoration: "matches", pattern: "**" }],
    scope_selectors: { repository: [{ kind: "doublestar", decoration: "repoMatches", pattern: repositories }] },
  };
}

function robotBody({ name, description, projects, actions }: NewRobot): Fields {
  const access = actions.map((action) => ({ resource: "repository", action }));
  return {
    name,
    description,
    level: projects.length === 1 ? "project" : "system",
    // Never ends: an install in a closed network has nobody who would renew it.
    duration: -1,
    permissions: projects.map((namespace) => ({ kind: "project", namespace, access })),
  };
}

function retentionBody(project: HarborProject, repositories: string, keep: number): Fields {
  const rule = {
    ...selectors(repositories),
    action: "retain",
    template: "latestPushedK",
    params: { latestPushedK: keep },
  };
  return {
    algorithm: "or",
    rules: [{ ...rule, disabled: false, priority: 1 }],
    // Seconds first; once a night.
    trigger: { kind: "Schedule", settings: { cron: "0 0 2 * * *" }, references: {} },
    scope: { level: "project", ref: project.id },
  };
}

/** What `systeminfo` has to say, whoever asks. */
export function parseSystemInfo(fields: Fields): HarborSystemInfo {
  const { harbor_version: version, read_only: readOnly, project_creation_restriction: creation } = fields;
  return {
    authMode: text(fields["auth_mode"]),
    ...(typeof version === "string" && version !== "" ? { version: version.slice(0, 100) } : {}),
    ...(typeof readOnly === "boolean" ? { readOnly } : {}),
    ...(typeof creation === "string" ? { projectCreation: creation } : {}),
  };
}

function parseProject(fields: Fields, name: string): HarborProject {
  const metadata = fieldsOf(fields["metadata"]);
  const retention = Number(text(metadata["retention_id"]));
  return {
    id: number(fields["project_id"]),
    name,
    isPublic: metadata["public"] === "true",
    isProxyCache: number(fields["registry_id"]) > 0,
    ...(retention > 0 ? { retentionId: retention } : {}),
  };
}

function parseQuota(fields: Fields): HarborQuota | undefined {
  const hard = fieldsOf(fields["hard"])["storage"];
  const used = fieldsOf(fields["used"])["storage"];
  return typeof hard === "number" ? { hard, used: number(used) } : undefined;
}

function parseRobot(fields: Fields): HarborRobot {
  return {
    id: number(fields["id"]),
    name: text(fields["name"]),
    disabled: fields["disable"] === true,
    expiresAt: number(fields["expires_at"]),
  };
}

function parseCreatedRobot(fields: Fields): CreatedRobot {
  return { id: number(fields["id"]), name: text(fields["name"]), secret: text(fields["secret"]) };
}

function parseRule(fields: Fields): TagRule {
  const patterns = (value: unknown, decoration: string): readonly string[] =>
    (Array.isArray(value) ? value : [])
      .map(fieldsOf)
      .filter((row) => row["decoration"] === decoration)
      .map((row) => text(row["pattern"]));
  return {
    disabled: fields["disabled"] === true,
    repositories: patterns(fieldsOf(fields["scope_selectors"])["repository"], "repoMatches"),
    tags: patterns(fields["tag_selectors"], "matches"),
  };
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function number(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}
