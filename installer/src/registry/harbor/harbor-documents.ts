import { type Fields, fieldsOf } from "../../language/fields.ts";

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
  /** Of the user at hand, as a member. Nothing is told of robot accounts, and of administrators who are no members. */
  readonly role?: ProjectRole;
}

export type ProjectRole = "project administrator" | "maintainer" | "developer" | "guest" | "limited guest";

/** Who user and password belong to: a user of Harbor, or a robot account, of which the API tells nothing. */
export type HarborCaller = { readonly kind: "user"; readonly isAdmin: boolean } | { readonly kind: "robot" };

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

/** The rules of a policy about which tags are kept; what none of them keeps is removed. */
export type RetentionPolicy = readonly (TagRule & {
  /** It keeps so many of the newest by push; undefined for a rule of another kind. */
  readonly latestPushed?: number;
})[];

/** What of a project a rule is about: all tags of these repositories. */
export function selectors(repositories: string): Fields {
  return {
    tag_selectors: [{ kind: "doublestar", decoration: "matches", pattern: "**" }],
    scope_selectors: { repository: [{ kind: "doublestar", decoration: "repoMatches", pattern: repositories }] },
  };
}

/** A new robot account, as it is asked for. */
export function robotBody({ name, description, projects, actions }: NewRobot): Fields {
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

/** A retention policy, as it is asked for. */
export function retentionBody(project: HarborProject, repositories: string, keep: number): Fields {
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

/** A project; its number and what is told of it. */
export function parseProject(fields: Fields, name: string): HarborProject {
  const metadata = fieldsOf(fields["metadata"]);
  const retention = Number(text(metadata["retention_id"]));
  const role = roles[number(fields["current_user_role_id"])];
  return {
    id: number(fields["project_id"]),
    name,
    isPublic: metadata["public"] === "true",
    isProxyCache: number(fields["registry_id"]) > 0,
    ...(retention > 0 ? { retentionId: retention } : {}),
    ...(role !== undefined ? { role } : {}),
  };
}

/** By Harbor's numbers. */
const roles: Readonly<Record<number, ProjectRole>> = {
  1: "project administrator",
  2: "developer",
  3: "guest",
  4: "maintainer",
  5: "limited guest",
};

/** Whether the user at hand is an administrator of Harbor. */
export function parseIsAdmin(fields: Fields): boolean {
  return fields["sysadmin_flag"] === true || fields["admin_role_in_auth"] === true;
}

/** What is said of one tag of a list; undefined when it is not in it. */
export function parseImmutable(rows: readonly Fields[], tag: string): boolean | undefined {
  const immutable = rows.find((row) => row["name"] === tag)?.["immutable"];
  return typeof immutable === "boolean" ? immutable : undefined;
}

/** Limit and use; undefined where there are none. */
export function parseQuota(fields: Fields): HarborQuota | undefined {
  const hard = fieldsOf(fields["hard"])["storage"];
  const used = fieldsOf(fields["used"])["storage"];
  return typeof hard === "number" ? { hard, used: number(used) } : undefined;
}

/** A robot account of a list. */
export function parseRobot(fields: Fields): HarborRobot {
  return {
    id: number(fields["id"]),
    name: text(fields["name"]),
    disabled: fields["disable"] === true,
    expiresAt: number(fields["expires_at"]),
  };
}

/** A robot account just made, with its secret. */
export function parseCreatedRobot(fields: Fields): CreatedRobot {
  return { id: number(fields["id"]), name: text(fields["name"]), secret: text(fields["secret"]) };
}

/** A rule about tags. */
export function parseRule(fields: Fields): TagRule {
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

/** A retention policy. */
export function parseRetention(fields: Fields): RetentionPolicy {
  const rules = Array.isArray(fields["rules"]) ? fields["rules"].map(fieldsOf) : [];
  return rules.map((rule) => {
    const keeps = fieldsOf(rule["params"])["latestPushedK"];
    const byPush = rule["action"] === "retain" && rule["template"] === "latestPushedK" && typeof keeps === "number";
    return { ...parseRule(rule), ...(byPush ? { latestPushed: keeps } : {}) };
  });
}

/** Empty when it is none. */
export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function number(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}
