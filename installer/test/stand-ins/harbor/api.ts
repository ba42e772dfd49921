import type { IncomingMessage, ServerResponse } from "node:http";
import { answer, type Answered, type ApiCall, forbidden, page, refuseHarbor, unauthorized } from "./answers.ts";
import { createRobot, deleteRobot, listRobots } from "./robots.ts";
import { isImmutable } from "./rules.ts";
import {
  type Caller,
  callerOf,
  type FakeProject,
  type HarborState,
  isAdmin,
  roleIn,
  sees,
  usedBytes,
} from "./state.ts";

/** Harbor's API v2.0 as its swagger.yaml describes it, as far as a push can want it. */
export async function answerApi(
  state: HarborState,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<Answered> {
  const parts = url.pathname
    .replace(/^\/api\/v2\.0\//, "")
    .split("/")
    .map(decodeURIComponent);
  const caller = callerOf(state, request);
  const method = request.method ?? "GET";
  const safe = method === "GET" || method === "HEAD";
  response.setHeader("set-cookie", ["sid=0123456789abcdef; Path=/; HttpOnly", "_gorilla_csrf=abc; Path=/"]);
  const text = await bodyOf(request);
  // A session cookie makes it a request of a page, and those must show the token against forgery.
  if (
    !safe &&
    /(^|;\s*)sid=/.test(request.headers.cookie ?? "") &&
    request.headers["x-harbor-csrf-token"] === undefined
  ) {
    return refuseHarbor(response, 403, "FORBIDDEN", "CSRF token not found in request");
  }
  if (!safe && state.readOnly) {
    const message = "The system is in read only mode. Any modification is prohibited.";
    return refuseHarbor(response, 403, "DENIED", message);
  }
  let body = {};
  try {
    body = text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
  } catch {
    return refuseHarbor(response, 400, "BAD_REQUEST", "parsing body failed");
  }
  const handler = handlers[`${method} ${routeOf(parts)}`];
  if (handler === undefined)
    return refuseHarbor(response, method === "HEAD" ? 405 : 404, "NOT_FOUND", "path not found");
  return handler({ state, request, response, url, caller, body, parts });
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** `projects/:id/summary` of `projects/ai-infra/summary`. */
function routeOf(parts: readonly string[]): string {
  return parts.map((part, index) => (index % 2 === 1 ? ":id" : part)).join("/");
}

const handlers: Readonly<Record<string, (call: ApiCall) => Answered>> = {
  "GET ping": ({ response }) => {
    response.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
    response.end("Pong");
    return "answered";
  },
  "GET systeminfo": systemInfo,
  "GET users/:id": currentUser,
  "GET projects": listProjects,
  "HEAD projects": headProject,
  "POST projects": createProject,
  "GET projects/:id": getProject,
  "DELETE projects/:id": deleteProject,
  "GET projects/:id/summary": getSummary,
  "GET projects/:id/repositories": listRepositories,
  "GET projects/:id/repositories/:id/artifacts/:id/tags": listTags,
  "GET projects/:id/immutabletagrules": listRules,
  "POST projects/:id/immutabletagrules": createRule,
  "GET quotas": listQuotas,
  "GET robots": listRobots,
  "POST robots": createRobot,
  "DELETE robots/:id": deleteRobot,
  "GET retentions/:id": getRetention,
  "POST retentions": createRetention,
};

function systemInfo(call: ApiCall): Answered {
  const { state, caller } = call;
  const open = { auth_mode: state.authMode, primary_auth_mode: false, self_registration: false, banner_message: "" };
  if (caller.kind === "nobody") return answer(call, 200, open);
  return answer(call, 200, {
    ...open,
    harbor_version: "v2.15.0-fake",
    read_only: state.readOnly,
    project_creation_restriction: state.projectCreation,
    has_ca_root: false,
  });
}

/** A robot account is no user, and is told so. */
function currentUser(call: ApiCall): Answered {
  const { caller, response, parts } = call;
  if (caller.kind === "nobody") return unauthorized(call);
  if (parts[1] !== "current") return refuseHarbor(response, 404, "NOT_FOUND", "path not found");
  if (caller.kind === "robot") {
    const message = "get current user not available for security context: robot";
    return refuseHarbor(response, 412, "PRECONDITION", message);
  }
  return answer(call, 200, { user_id: 1, username: caller.name, sysadmin_flag: isAdmin(caller) });
}

function listProjects(call: ApiCall): Answered {
  const { state, caller } = call;
  const rows = [...state.projects.values()].filter(
    (project) => project.public || roleIn(caller, project.name) !== undefined,
  );
  return page(
    call,
    rows.map((project) => projectDocument(project, caller)),
  );
}

/** Tells everybody who signed in whether a project exists; newer versions only who may read it. */
function headProject(call: ApiCall): Answered {
  const { caller, state } = call;
  if (caller.kind === "nobody") return unauthorized(call);
  const name = call.url.searchParams.get("project_name") ?? "";
  const project = state.projects.get(name);
  if (project === undefined) return refuseHarbor(call.response, 404, "NOT_FOUND", `project ${name} not found`);
  return state.headNeedsRead && !sees(caller, project, "project:read") ? forbidden(call) : answer(call, 200);
}

function createProject(call: ApiCall): Answered {
  const { state, caller, body } = call;
  if (caller.kind === "nobody") return unauthorized(call);
  if (caller.kind === "robot" && caller.robot.level === "project") {
    return forbidden(call, "Only system level robot can create project");
  }
  if (state.projectCreation === "adminonly" && !isAdmin(caller))
    return forbidden(call, "Only system admin can create project");
  const name = String(body["project_name"]);
  if (!/^[a-z0-9]+(?:[._-][a-z0-9]+)*$/.test(name)) {
    return refuseHarbor(
      call.response,
      400,
      "BAD_REQUEST",
      "project name is not in lower case or contains illegal characters",
    );
  }
  if (state.projects.has(name))
    return refuseHarbor(call.response, 409, "CONFLICT", `The project named ${name} already exists`);
  const metadata = (body["metadata"] ?? {}) as Readonly<Record<string, unknown>>;
  const limit = typeof body["storage_limit"] === "number" && isAdmin(caller) ? body["storage_limit"] : 0;
  const id = state.nextId();
  state.projects.set(name, {
    id,
    name,
    public: metadata["public"] === "true",
    registryId: Number(body["registry_id"] ?? 0),
    hard: limit === 0 ? state.defaultLimit : limit,
    rules: [],
  });
  if (caller.kind === "user" && !isAdmin(caller)) {
    const roles = { ...caller.user.roles, [name]: "projectAdmin" as const };
    state.users.set(caller.name, { ...caller.user, roles });
  }
  return answer(call, 201, undefined, { location: `/api/v2.0/projects/${id}` });
}

/** The project by name, or by number unless the request says that it is a name. */
function findProject({ state, request, parts }: ApiCall): FakeProject | undefined {
  const [, nameOrId = ""] = parts;
  if (/^\d+$/.test(nameOrId) && request.headers["x-is-resource-name"] !== "true") {
    return [...state.projects.values()].find(({ id }) => id === Number(nameOrId));
  }
  return state.projects.get(nameOrId);
}

/** Those who may not do this with a project are told the same whether it exists or not. */
function withProject(
  call: ApiCall,
  may: (project: FakeProject) => boolean,
  run: (project: FakeProject) => Answered,
): Answered {
  const { caller } = call;
  const project = findProject(call);
  if (project !== undefined && may(project)) return run(project);
  if (caller.kind === "nobody") return unauthorized(call);
  if (isAdmin(caller)) return refuseHarbor(call.response, 404, "NOT_FOUND", `project ${call.parts[1] ?? ""} not found`);
  return forbidden(call);
}

function deleteProject(call: ApiCall): Answered {
  const { state, caller, response } = call;
  return withProject(
    call,
    ({ name }) => roleIn(caller, name) === "projectAdmin",
    ({ name }) => {
      if ([...state.store.manifests.keys()].some((repository) => repository.startsWith(`${name}/`))) {
        return refuseHarbor(response, 412, "PRECONDITION", "the project contains repositories, can not be deleted");
      }
      state.projects.delete(name);
      return answer(call, 200);
    },
  );
}

function setsRules({ caller }: ApiCall): (project: FakeProject) => boolean {
  return ({ name }) => ["projectAdmin", "maintainer"].includes(roleIn(caller, name) ?? "");
}

function getProject(call: ApiCall): Answered {
  const { caller } = call;
  return withProject(
    call,
    (project) => sees(caller, project, "project:read"),
    (project) => answer(call, 200, projectDocument(project, caller)),
  );
}

const roleNumbers = { projectAdmin: 1, developer: 2, guest: 3, maintainer: 4 } as const;

/** The role is of members only: administrators and robot accounts are told none. */
function projectDocument(project: FakeProject, caller: Caller): unknown {
  const { id, name, registryId, retentionId } = project;
  const role = caller.kind === "user" ? caller.user.roles?.[name] : undefined;
  return {
    project_id: id,
    name,
    ...(registryId > 0 ? { registry_id: registryId } : {}),
    ...(role === undefined
      ? {}
      : { current_user_role_id: roleNumbers[role], current_user_role_ids: [roleNumbers[role]] }),
    metadata: {
      public: String(project.public),
      ...(retentionId === undefined ? {} : { retention_id: String(retentionId) }),
    },
  };
}

function getSummary(call: ApiCall): Answered {
  const { state, caller } = call;
  return withProject(
    call,
    (project) => sees(caller, project, "project:read"),
    (project) => {
      const quota = { hard: { storage: project.hard }, used: { storage: usedBytes(state, project.name) } };
      const seesQuota = state.quotasOn && sees(caller, project, "quota:read");
      return answer(call, 200, { repo_count: 0, ...(seesQuota ? { quota } : {}) });
    },
  );
}

function listRepositories(call: ApiCall): Answered {
  const { state, caller } = call;
  return withProject(
    call,
    (project) => sees(caller, project, "repository:list"),
    ({ name, id }) => {
      const names = [...state.store.manifests.keys()].filter((repository) => repository.startsWith(`${name}/`));
      return page(
        call,
        names.toSorted().map((repository, index) => ({ id: index + 1, name: repository, project_id: id })),
      );
    },
  );
}

/** The tags of one artifact. The name of a repository comes escaped twice, because of its slashes. */
function listTags(call: ApiCall): Answered {
  const { state, caller, url, parts, response } = call;
  return withProject(
    call,
    (project) => sees(caller, project, "tag:list"),
    (project) => {
      const repository = `${project.name}/${decodeURIComponent(parts[3] ?? "")}`;
      const tags = state.store.tagsOf.get(repository) ?? new Map<string, string>();
      const digest = tags.get(parts[5] ?? "");
      if (digest === undefined) {
        return refuseHarbor(response, 404, "NOT_FOUND", `artifact ${repository}:${parts[5] ?? ""} not found`);
      }
      const status = url.searchParams.get("with_immutable_status") === "true";
      const names = [...tags.keys()].filter((tag) => tags.get(tag) === digest);
      return page(
        call,
        names.map((name) => ({ name, ...(status ? { immutable: isImmutable(project, repository, name) } : {}) })),
      );
    },
  );
}

function listRules(call: ApiCall): Answered {
  // What is not disabled does not say so.
  return withProject(call, setsRules(call), ({ rules }) =>
    page(
      call,
      rules.map(({ disabled, ...rule }) => (disabled === true ? { ...rule, disabled } : rule)),
    ),
  );
}

function listQuotas(call: ApiCall): Answered {
  const { state, caller, url } = call;
  if (caller.kind === "nobody") return unauthorized(call);
  if (!isAdmin(caller)) return forbidden(call);
  const id = Number(url.searchParams.get("reference_id"));
  const rows = [...state.projects.values()].filter((project) => state.quotasOn && project.id === id);
  return page(
    call,
    rows.map((project) => ({
      id: project.id,
      hard: { storage: project.hard },
      used: { storage: usedBytes(state, project.name) },
    })),
  );
}

function createRule(call: ApiCall): Answered {
  return withProject(call, setsRules(call), (project) => {
    const { body, state } = call;
    if (body["action"] !== "immutable" || body["template"] !== "immutable_template") {
      return refuseHarbor(call.response, 400, "BAD_REQUEST", "invalid immutable rule");
    }
    const id = state.nextId();
    project.rules.push({ ...body, id });
    return answer(call, 201, undefined, { location: `${call.url.pathname}/${id}` });
  });
}

interface RetentionBody {
  readonly algorithm?: string;
  readonly scope?: { readonly level?: string; readonly ref?: number };
  readonly trigger?: { readonly kind?: string; readonly settings?: { readonly cron?: string } };
}

function createRetention(call: ApiCall): Answered {
  const { state, caller, response } = call;
  if (caller.kind === "nobody") return unauthorized(call);
  const policy = call.body as RetentionBody;
  const project = [...state.projects.values()].find(({ id }) => id === policy.scope?.ref);
  const fault = retentionFault(policy, project);
  if (project === undefined || fault !== undefined)
    return refuseHarbor(response, 400, "BAD_REQUEST", fault ?? "project");
  if (!["projectAdmin", "maintainer", "developer"].includes(roleIn(caller, project.name) ?? "")) return forbidden(call);
  project.retentionId = state.nextId();
  state.retentions.push({ id: project.retentionId, policy: call.body });
  return answer(call, 201, undefined, { location: `/api/v2.0/retentions/${project.retentionId}` });
}

/** To those who set rules, as it was sent. */
function getRetention(call: ApiCall): Answered {
  const { state, caller, response, parts } = call;
  if (caller.kind === "nobody") return unauthorized(call);
  const found = state.retentions.find(({ id }) => id === Number(parts[1]));
  const project = [...state.projects.values()].find(({ retentionId }) => retentionId === found?.id);
  if (found === undefined || project === undefined) {
    return refuseHarbor(response, 404, "NOT_FOUND", `no such Retention policy with id ${parts[1] ?? ""}`);
  }
  if (!setsRules(call)(project)) return forbidden(call);
  return answer(call, 200, { ...found.policy, id: found.id });
}

function retentionFault(policy: RetentionBody, project: FakeProject | undefined): string | undefined {
  const { algorithm, scope, trigger } = policy;
  if (scope?.level !== "project" || project === undefined) return `invalid Project id ${scope?.ref ?? ""}`;
  if (algorithm !== "or") return "algorithm";
  if (trigger?.kind !== "Schedule" || trigger.settings?.cron?.split(" ").length !== 6) return "invalid cron string";
  return project.retentionId === undefined ? undefined : `project ${project.id} already has retention policy`;
}
