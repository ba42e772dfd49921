import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { TestStore } from "../registry/store.ts";

export type Role = "projectAdmin" | "maintainer" | "developer" | "guest";

export interface FakeProject {
  readonly id: number;
  readonly name: string;
  public: boolean;
  /** Of a proxy cache: the registry behind it. */
  readonly registryId: number;
  /** Bytes, -1 for none. */
  hard: number;
  retentionId?: number;
  readonly rules: FakeRule[];
}

export interface FakeRule {
  readonly id: number;
  readonly [key: string]: unknown;
}

export interface FakeUser {
  readonly password: string;
  readonly admin?: boolean;
  readonly roles?: Readonly<Record<string, Role>>;
}

export interface FakeRobot {
  readonly id: number;
  /** With prefix and project: `robot$ai-infra+pull`. */
  readonly name: string;
  readonly secret: string;
  readonly level: "project" | "system";
  readonly projectId: number;
  disable: boolean;
  readonly expiresAt: number;
  /** `pull ai-infra` and `push ai-infra` of images; what else there is, by its resource: `project:read ai-infra`. */
  readonly rights: ReadonlySet<string>;
}

export interface HarborState {
  readonly projects: Map<string, FakeProject>;
  readonly users: Map<string, FakeUser>;
  readonly robots: FakeRobot[];
  readonly retentions: { readonly id: number; readonly policy: Readonly<Record<string, unknown>> }[];
  readonly store: TestStore;
  readOnly: boolean;
  quotasOn: boolean;
  defaultLimit: number;
  projectCreation: "adminonly" | "everyone";
  /** A setting of Harbor. */
  readonly robotPrefix: string;
  /** Whether only who may read a project is told that it exists. */
  readonly headNeedsRead: boolean;
  readonly authMode: string;
  /** Whether a token is good for the repositories that it names alone. */
  readonly exactTokens: boolean;
  /** Where tokens are said to be had, where that is not the Harbor itself. */
  readonly tokenOrigin?: string;
  nextId(): number;
  readonly tokens: Map<string, { readonly who: Caller; readonly until: number; readonly granted: ReadonlySet<string> }>;
}

/** Who asks: nobody, a user or a robot account. */
export type Caller =
  | { readonly kind: "nobody" }
  | { readonly kind: "user"; readonly name: string; readonly user: FakeUser }
  | { readonly kind: "robot"; readonly robot: FakeRobot };

export const nobody: Caller = { kind: "nobody" };

/** By user and password; a wrong password is the same as none. */
export function callerOf(state: HarborState, request: IncomingMessage): Caller {
  const header = request.headers.authorization ?? "";
  if (!header.startsWith("Basic ")) return nobody;
  const [name = "", ...rest] = Buffer.from(header.slice(6), "base64").toString().split(":");
  const password = rest.join(":");
  const user = state.users.get(name);
  if (user?.password === password) return { kind: "user", name, user };
  const isOver = ({ expiresAt }: FakeRobot): boolean => expiresAt !== -1 && expiresAt * 1000 <= Date.now();
  const robot = state.robots.find(
    (row) => row.name === name && row.secret === password && !row.disable && !isOver(row),
  );
  return robot === undefined ? nobody : { kind: "robot", robot };
}

/** As it signs in. */
export function nameOf(caller: Exclude<Caller, { kind: "nobody" }>): string {
  return caller.kind === "user" ? caller.name : caller.robot.name;
}

export function isAdmin(caller: Caller): boolean {
  return caller.kind === "user" && caller.user.admin === true;
}

/** The role in a project; administrators have the highest in all. */
export function roleIn(caller: Caller, project: string): Role | undefined {
  if (isAdmin(caller)) return "projectAdmin";
  return caller.kind === "user" ? caller.user.roles?.[project] : undefined;
}

/** Whether images of a project may be pulled or pushed. */
export function may(state: HarborState, caller: Caller, action: "pull" | "push", name: string): boolean {
  const project = state.projects.get(name);
  if (project === undefined) return false;
  if (action === "pull" && project.public) return true;
  if (caller.kind === "robot") {
    const { rights, level } = caller.robot;
    // Who may push may pull: of robot accounts that is so for those of one project.
    return rights.has(`${action} ${name}`) || (action === "pull" && level === "project" && rights.has(`push ${name}`));
  }
  const role = roleIn(caller, name);
  return role !== undefined && (action === "pull" || role !== "guest");
}

/** What of a project may be looked at. */
export type Sight = "project:read" | "quota:read" | "repository:list" | "tag:list";

/** Whether somebody may look at it: every member, robot accounts as they were given it, everybody at most of what is public. */
export function sees(caller: Caller, project: FakeProject, sight: Sight): boolean {
  if (project.public && sight !== "quota:read") return true;
  if (caller.kind === "robot") return caller.robot.rights.has(`${sight} ${project.name}`);
  return roleIn(caller, project.name) !== undefined;
}

export function usedBytes(state: HarborState, project: string): number {
  const manifests = new Map<string, number>();
  for (const [repository, rows] of state.store.manifests) {
    if (repository.split("/")[0] !== project) continue;
    for (const { digest, bytes } of rows.values()) manifests.set(digest, bytes.length);
  }
  return state.store.projectBytes(project) + [...manifests.values()].reduce((sum, size) => sum + size, 0);
}

export function newSecret(): string {
  return randomBytes(16).toString("base64url");
}

/** Harbor's patterns, as far as rules use them: `**`, a name, `{a,b}`, and `*` within a part. */
export function matchesPattern(pattern: string, text: string): boolean {
  if (pattern === "**") return true;
  const options = /^\{.*\}$/.test(pattern) ? pattern.slice(1, -1).split(",") : [pattern];
  return options.some((option) => {
    const source = option.replaceAll(/[.+?^$()[\]\\|]/g, String.raw`\$&`);
    return new RegExp(`^${source.replaceAll("**", "\0").replaceAll("*", "[^/]*").replaceAll("\0", ".*")}$`).test(text);
  });
}
