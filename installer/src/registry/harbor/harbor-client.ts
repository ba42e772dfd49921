import { fieldsOf } from "../../language/fields.ts";
import type { HarborApi, HarborRequest } from "./harbor-api.ts";
import {
  type CreatedRobot,
  type HarborCaller,
  type HarborProject,
  type HarborQuota,
  type HarborRobot,
  type HarborSystemInfo,
  type NewRobot,
  parseCreatedRobot,
  parseImmutable,
  parseIsAdmin,
  parseProject,
  parseQuota,
  parseRetention,
  parseRobot,
  parseRule,
  parseSystemInfo,
  retentionBody,
  type RetentionPolicy,
  robotBody,
  selectors,
  type TagRule,
  text,
} from "./harbor-documents.ts";
import { explainHarbor, type HarborErrand } from "./harbor-errors.ts";
import { Refusal } from "../refusal.ts";

/** Harbor's API v2.0, typed: what a push needs of it. Every method throws RegistryError with advice. */
export interface HarborClient {
  readonly host: string;
  readonly user: string | undefined;
  ping(signal: AbortSignal): Promise<boolean>;
  systemInfo(signal: AbortSignal): Promise<HarborSystemInfo>;
  caller(signal: AbortSignal): Promise<HarborCaller>;
  /** Undefined when it does not exist, `hidden` when it does and may not be looked at. */
  project(name: string, signal: AbortSignal): Promise<HarborProject | "hidden" | undefined>;
  /** Names of the projects this user sees. */
  projectNames(signal: AbortSignal): Promise<readonly string[]>;
  /** Private. `storageLimit` in bytes, -1 for none; left out, Harbor's own default. */
  createProject(
    name: string,
    storageLimit: number | undefined,
    signal: AbortSignal,
  ): Promise<HarborProject | "there already">;
  /** Harbor refuses it while there is a repository in it. */
  deleteProject(name: string, signal: AbortSignal): Promise<void>;
  /** `hidden` when this user may not see it, `none` where quotas are switched off. */
  quota(project: HarborProject, signal: AbortSignal): Promise<HarborQuota | "hidden" | "none">;
  /** Of a project, or of the system. */
  robots(project: HarborProject | undefined, signal: AbortSignal): Promise<readonly HarborRobot[]>;
  createRobot(robot: NewRobot, signal: AbortSignal): Promise<CreatedRobot | "there already">;
  deleteRobot(id: number, signal: AbortSignal): Promise<void>;
  /** Whether there is a rule that may hold a tag; yes also where this user may not see them. */
  mayHoldTags(project: HarborProject, signal: AbortSignal): Promise<boolean>;
  immutableRules(project: HarborProject, signal: AbortSignal): Promise<readonly TagRule[]>;
  createImmutableRule(project: HarborProject, repositories: string, signal: AbortSignal): Promise<void>;
  /** Keeps the newest of each repository, by push; what else is there goes, each night. */
  createRetention(project: HarborProject, repositories: string, keep: number, signal: AbortSignal): Promise<void>;
  /** By its number; `hidden` when this user may not see it. */
  retention(project: HarborProject, id: number, signal: AbortSignal): Promise<RetentionPolicy | "hidden">;
  /** Of a project, in full; `hidden` when this user may not list them. */
  repositories(project: HarborProject, signal: AbortSignal): Promise<readonly string[] | "hidden">;
  /** Whether a rule holds a tag that is there; undefined when this user may not see it. */
  isImmutable(repository: string, tag: string, signal: AbortSignal): Promise<boolean | undefined>;
}

/** The client over an API. */
export function createHarborClient(api: HarborApi, user: string | undefined): HarborClient {
  const { host } = api;
  const projectAdmin = (name: string): string => `a project administrator of ${name}`;

  async function guarded<T>(errand: Omit<HarborErrand, "host" | "user">, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      throw explainHarbor(error, { host, user, ...errand });
    }
  }

  /** Undefined for one of these statuses, which are answers too. */
  async function unless(statuses: readonly number[], request: HarborRequest): Promise<unknown> {
    return api.send(request).then((found) => found ?? {}, otherwise(statuses, undefined));
  }

  return {
    host,
    user,
    ping: (signal) =>
      guarded({ what: "the API", needs: "nothing" }, async () => {
        return (await unless([404], { method: "GET", path: "/ping", signal })) === "Pong";
      }),
    systemInfo: (signal) =>
      guarded({ what: "the system's state", needs: "nothing" }, async () =>
        parseSystemInfo(fieldsOf(await api.send({ method: "GET", path: "/systeminfo", signal }))),
      ),
    caller: (signal) =>
      guarded({ what: "the user at hand", needs: "a user of Harbor" }, async () => {
        const found = await unless([403, 404, 412], { method: "GET", path: "/users/current", signal });
        return found === undefined ? { kind: "robot" } : { kind: "user", isAdmin: parseIsAdmin(fieldsOf(found)) };
      }),
    project: (name, signal) =>
      guarded({ what: `looking at the project ${name}`, needs: "a user of Harbor" }, async () => {
        const look: HarborRequest = { method: "GET", path: projectPath(name), signal };
        const found = await unless([403], look).catch(otherwise([404], "absent" as const));
        if (found === "absent") return undefined;
        if (found !== undefined) return parseProject(fieldsOf(found), name);
        // To who may not look Harbor answers 403 also for what is not there. This question it answers to everybody; newer versions again with
        // 403 for what is there.
        const path = `/projects?project_name=${encodeURIComponent(name)}`;
        const exists = await unless([404], { method: "HEAD", path, signal }).catch(otherwise([403], true));
        return exists === undefined ? undefined : "hidden";
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
          once: true,
        },
        async () => {
          const body = {
            project_name: name,
            metadata: { public: "false" },
            ...(storageLimit === undefined ? {} : { storage_limit: storageLimit }),
          };
          const made = await api
            .make({ path: "/projects", body, signal })
            .catch(otherwise([409], "there already" as const));
          if (made === "there already") return made;
          if (made !== undefined) return { id: made, name, isPublic: false, isProxyCache: false };
          const found = await api.send({ method: "GET", path: projectPath(name), signal });
          return parseProject(fieldsOf(found), name);
        },
      ),
    deleteProject: (name, signal) =>
      guarded({ what: `removing the project ${name}`, needs: projectAdmin(name), once: true }, async () => {
        await api.send({ method: "DELETE", path: projectPath(name), signal });
      }),
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
    repositories: (project, signal) =>
      guarded({ what: `the repositories of ${project.name}`, needs: `a member of ${project.name}` }, () =>
        api
          .list(`${projectPath(project.name)}/repositories`, signal)
          .then((rows) => rows.map((row) => text(row["name"])))
          .catch(otherwise([401, 403], "hidden" as const)),
      ),
    isImmutable: (repository, tag, signal) =>
      guarded({ what: `the tag ${tag} of ${repository}`, needs: "the right to list tags" }, () =>
        api
          .list(`${tagsPath(repository, tag)}?with_immutable_status=true`, signal)
          .then((rows) => parseImmutable(rows, tag))
          // It may have been removed since it was seen.
          .catch(otherwise([401, 403, 404], undefined)),
      ),
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
      return guarded({ what: `making the robot account ${robot.name}`, needs, once: true }, async () => {
        const made = await unless([409], { method: "POST", path: "/robots", body: robotBody(robot), signal });
        return made === undefined ? "there already" : parseCreatedRobot(fieldsOf(made));
      });
    },
    deleteRobot: (id, signal) =>
      guarded({ what: `removing the robot account ${id}`, needs: "its maker", once: true }, async () => {
        await unless([404], { method: "DELETE", path: `/robots/${id}`, signal });
      }),
    immutableRules: (project, signal) =>
      guarded({ what: `the immutable tags of ${project.name}`, needs: projectAdmin(project.name) }, async () =>
        (await api.list(`${projectPath(project.name)}/immutabletagrules`, signal)).map(parseRule),
      ),
    mayHoldTags: (project, signal) =>
      guarded({ what: `the immutable tags of ${project.name}`, needs: projectAdmin(project.name) }, async () => {
        const rows = await api
          .list(`${projectPath(project.name)}/immutabletagrules`, signal)
          .catch(otherwise([401, 403], undefined));
        return rows === undefined || rows.map(parseRule).some(({ disabled }) => !disabled);
      }),
    createImmutableRule: (project, repositories, signal) =>
      guarded(
        { what: `making tags of ${project.name} immutable`, needs: projectAdmin(project.name), once: true },
        async () => {
          const body = {
            ...selectors(repositories),
            action: "immutable",
            template: "immutable_template",
            disabled: false,
          };
          await api.send({ method: "POST", path: `${projectPath(project.name)}/immutabletagrules`, body, signal });
        },
      ),
    retention: (project, id, signal) =>
      guarded({ what: `the retention of ${project.name}`, needs: projectAdmin(project.name) }, async () => {
        const found = await unless([401, 403, 404], { method: "GET", path: `/retentions/${id}`, signal });
        return found === undefined ? "hidden" : parseRetention(fieldsOf(found));
      }),
    createRetention: (project, repositories, keep, signal) =>
      guarded({ what: `the retention of ${project.name}`, needs: projectAdmin(project.name), once: true }, async () => {
        const body = retentionBody(project, repositories, keep);
        await api.send({ method: "POST", path: "/retentions", body, signal });
      }),
  };
}

/** Takes these statuses for an answer: for `catch`. */
function otherwise<T>(statuses: readonly number[], answer: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof Refusal && statuses.includes(error.status)) return answer;
    throw error;
  };
}

/** The slashes in the name of a repository are escaped twice. */
function tagsPath(repository: string, tag: string): string {
  const slash = repository.indexOf("/");
  const name = encodeURIComponent(encodeURIComponent(repository.slice(slash + 1)));
  return `${projectPath(repository.slice(0, slash))}/repositories/${name}/artifacts/${tag}/tags`;
}

function projectPath(name: string): string {
  return `/projects/${encodeURIComponent(name)}`;
}
