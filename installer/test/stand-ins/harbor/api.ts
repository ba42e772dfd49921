import type { IncomingMessage, ServerResponse } from "node:http";
import {
  type Caller,
  callerOf,
  type FakeProject,
  type HarborState,
  isAdmin,
  newSecret,
  roleIn,
  usedBytes,
} from "./state.ts";

/** One request to the API, its body read. */
export interface ApiCall {
  readonly state: HarborState;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly caller: Caller;
  readonly body: Readonly<Record<string, unknown>>;
  readonly parts: readonly string[];
}

/** Every handler answers: a path that forgets to is a type error. */
export type Answered = "answered";

/** Harbor's error document. */
export function refuseHarbor(response: ServerResponse, status: number, code: string, message: string): Answered {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8" });
  response.end(response.req.method === "HEAD" ? undefined : `${JSON.stringify({ errors: [{ code, message }] })}\n`);
  return "answered";
}

function answer(
  call: ApiCall,
  status: number,
  document?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Answered {
  call.response.writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers });
  call.response.end(document === undefined || call.request.method === "HEAD" ? undefined : JSON.stringify(document));
  return "answered";
}

const unauthorized = (call: ApiCall): Answered => refuseHarbor(call.response, 401, "UNAUTHORIZED", "unauthorized");
const forbidden = (call: ApiCall, message = "forbidden"): Answered =>
  refuseHarbor(call.response, 403, "FORBIDDEN", message);

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
  return parts.map((part, index) => (index % 2 === 1 && parts[0] !== "retentions" ? ":id" : part)).join("/");
}

const handlers: Readonly<Record<string, (call: ApiCall) => Answered>> = {
  "GET ping": ({ response }) => {
    response.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
    response.end("Pong");
    return "answered";
  },
  "GET systeminfo": systemInfo,
  "GET projects": listProjects,
  "HEAD projects": headProject,
  "POST projects": createProject,
  "GET projects/:id": getProject,
  "GET projects/:id/summary": getSummary,
  "GET projects/:id/immutabletagrules": (call) =>
    withProject(call, ["projectAdmin", "maintainer"], ({ rules }) => page(call, rules)),
  "POST projects/:id/immutabletagrules": createRule,
  "GET quotas": listQuotas,
  "GET robots": listRobots,
  "POST robots": createRobot,
  "DELETE robots/:id": deleteRobot,
  "POST retentions": createRetention,
};

function systemInfo(call: ApiCall): Answered {
  const { state, caller } = call;
  const open = { auth_mode: "db_auth", primary_auth_mode: false, self_registration: false, banner_message: "" };
  if (caller.kind === "nobody") return answer(call, 200, open);
  return answer(call, 200, {
    ...open,
    harbor_version: "v2.15.0-fake",
    read_only: state.readOnly,
    project_creation_restriction: state.projectCreation,
    has_ca_root: false,
  });
}

/** Rows of one page, 10 of them unless asked and 100 at most, with the headers that tell of the others. */
function page(call: ApiCall, rows: readonly unknown[]): Answered {
  const { url } = call;
  const size = Number(url.searchParams.get("page_size") ?? 10);
  const number = Number(url.searchParams.get("page") ?? 1);
  if (size > 100 || size < 0) {
    return refuseHarbor(
      call.response,
      422,
      "UNPROCESSABLE_ENTITY",
      "page_size in query should be less than or equal to 100",
    );
  }
  const link = (at: number, rel: string): string => {
    const next = new URL(url);
    next.searchParams.set("page", String(at));
    return `<${next.pathname}${next.search}>; rel="${rel}"`;
  };
  const links = [
    ...(number > 1 ? [link(number - 1, "prev")] : []),
    ...(number * size < rows.length ? [link(number + 1, "next")] : []),
  ];
  const shown = rows.slice((number - 1) * size, number * size);
  const headers = { "x-total-count": String(rows.length), ...(links.length > 0 ? { link: links.join(", ") } : {}) };
  return answer(call, 200, shown.length === 0 ? null : shown, headers);
}

function listProjects(call: ApiCall): Answered {
  const { state, caller } = call;
  const rows = [...state.projects.values()].filter(
    (project) => project.public || roleIn(caller, project.name) !== undefined,
  );
  return page(call, rows.map(projectDocument));
}

function headProject(call: ApiCall): Answered {
  if (call.caller.kind === "nobody") return unauthorized(call);
  const name = call.url.searchParams.get("project_name") ?? "";
  if (call.state.projects.has(name)) return answer(call, 200);
  return refuseHarbor(call.response, 404, "NOT_FOUND", `project ${name} not found`);
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

/** Those who may not see a project are told the same whether it exists or not. */
function withProject(call: ApiCall, roles: readonly string[], run: (project: FakeProject) => Answered): Answered {
  const { caller } = call;
  const project = findProject(call);
  const role = project === undefined ? undefined : roleIn(caller, project.name);
  const reads = roles.includes("read");
  const allowed = reads
    ? role !== undefined || project?.public === true || (caller.kind === "robot" && hasRight(caller, project))
    : role !== undefined && roles.includes(role);
  if (allowed && project !== undefined) return run(project);
  if (caller.kind === "nobody") return unauthorized(call);
  if (isAdmin(caller)) return refuseHarbor(call.response, 404, "NOT_FOUND", `project ${call.parts[1] ?? ""} not found`);
  return forbidden(call);
}

function hasRight(caller: Extract<Caller, { kind: "robot" }>, project: FakeProject | undefined): boolean {
  return project !== undefined && [...caller.robot.rights].some((right) => right.endsWith(` ${project.name}`));
}

function getProject(call: ApiCall): Answered {
  return withProject(call, ["read"], (project) => answer(call, 200, projectDocument(project)));
}

function projectDocument(project: FakeProject): unknown {
  const { id, name, registryId, retentionId } = project;
  return {
    project_id: id,
    name,
    ...(registryId > 0 ? { registry_id: registryId } : {}),
    metadata: {
      public: String(project.public),
      ...(retentionId === undefined ? {} : { retention_id: String(retentionId) }),
    },
  };
}

function getSummary(call: ApiCall): Answered {
  const { state, caller } = call;
  return withProject(call, ["read"], (project) => {
    const seesQuota = state.quotasOn && roleIn(caller, project.name) === "projectAdmin";
    const quota = { hard: { storage: project.hard }, used: { storage: usedBytes(state, project.name) } };
    return answer(call, 200, { repo_count: 0, ...(seesQuota ? { quota } : {}) });
  });
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
  return withProject(call, ["projectAdmin", "maintainer"], (project) => {
    const { body, state } = call;
    if (body["action"] !== "immutable" || body["template"] !== "immutable_template") {
      return refuseHarbor(call.response, 400, "BAD_REQUEST", "invalid immutable rule");
    }
    const id = state.nextId();
    project.rules.push({ ...body, id });
    return answer(call, 201, undefined, { location: `${call.url.pathname}/${id}` });
  });
}

function listRobots(call: ApiCall): Answered {
  const { state, caller, url } = call;
  if (caller.kind === "nobody") return unauthorized(call);
  const query = new Map(
    (url.searchParams.get("q") ?? "").split(",").map((part) => part.split("=") as [string, string]),
  );
  const level = query.get("Level") ?? "system";
  const projectId = Number(query.get("ProjectID") ?? 0);
  if (level === "project" && !(projectId > 0)) {
    return refuseHarbor(call.response, 400, "BAD_REQUEST", "must with project ID when to query project robots");
  }
  const project = [...state.projects.values()].find(({ id }) => id === projectId);
  const role = project === undefined ? undefined : roleIn(caller, project.name);
  const allowed = level === "system" ? isAdmin(caller) : role === "projectAdmin" || role === "maintainer";
  if (!allowed) return forbidden(call);
  const rows = state.robots.filter(
    (robot) => robot.level === level && (level === "system" || robot.projectId === projectId),
  );
  return page(
    call,
    rows.map(({ id, name, disable, expiresAt }) => ({
      id,
      name,
      level,
      disable,
      expires_at: expiresAt,
      editable: true,
    })),
  );
}

interface RobotBody {
  readonly name?: string;
  readonly level?: string;
  readonly duration?: number;
  readonly permissions?: readonly {
    readonly kind?: string;
    readonly namespace?: string;
    readonly access?: readonly { readonly resource?: string; readonly action?: string }[];
  }[];
}

function robotFault({ name = "", level = "", duration = 0, permissions = [] }: RobotBody): string | undefined {
  if (!/^[a-z0-9]+(?:[._-][a-z0-9]+)*$/.test(name))
    return "robot name is not in lower case or contains illegal characters";
  if (duration !== -1 && !(duration > 0)) return `bad request error duration input: ${duration}`;
  if (level !== "project" && level !== "system") return `bad request error level input: ${level}`;
  return permissions.length === 0 || (level === "project" && permissions.length > 1)
    ? "bad request permission"
    : undefined;
}

function createRobot(call: ApiCall): Answered {
  const { state, caller, response } = call;
  if (caller.kind === "nobody") return unauthorized(call);
  const robot = call.body as RobotBody;
  const fault = robotFault(robot);
  if (fault !== undefined) return refuseHarbor(response, 400, "BAD_REQUEST", fault);
  const { name = "", permissions = [] } = robot;
  const level = robot.level === "system" ? "system" : "project";
  const namespaces = permissions.map((row) => row.namespace ?? "");
  const [only = ""] = namespaces;
  const allowed = level === "system" ? isAdmin(caller) : roleIn(caller, only) === "projectAdmin";
  if (!allowed) return forbidden(call);
  if (namespaces.some((namespace) => !state.projects.has(namespace))) {
    return refuseHarbor(response, 404, "NOT_FOUND", "project not found");
  }
  const full = level === "project" ? `robot$${only}+${name}` : `robot$${name}`;
  if (state.robots.some((row) => row.name === full)) {
    return refuseHarbor(response, 409, "CONFLICT", `robot account ${name} already exists`);
  }
  const made = {
    id: state.nextId(),
    name: full,
    secret: newSecret(),
    level,
    projectId: level === "project" ? (state.projects.get(only)?.id ?? 0) : 0,
    disable: false,
    expiresAt: -1,
    rights: new Set(permissions.flatMap(rightsOf)),
  } as const;
  state.robots.push({ ...made });
  const document = {
    id: made.id,
    name: full,
    secret: made.secret,
    creation_time: "2026-01-01T00:00:00Z",
    expires_at: -1,
  };
  return answer(call, 201, document, { location: `/api/v2.0/robots/${made.id}` });
}

function rightsOf({ namespace = "", access = [] }: NonNullable<RobotBody["permissions"]>[number]): readonly string[] {
  return access.filter(({ resource }) => resource === "repository").map(({ action = "" }) => `${action} ${namespace}`);
}

function deleteRobot(call: ApiCall): Answered {
  const { state, caller, parts } = call;
  const at = state.robots.findIndex(({ id }) => id === Number(parts[1]));
  if (caller.kind === "nobody") return unauthorized(call);
  if (at < 0) return refuseHarbor(call.response, 404, "NOT_FOUND", "robot not found");
  const project = [...state.projects.values()].find(({ id }) => id === state.robots[at]?.projectId);
  const role = project === undefined ? undefined : roleIn(caller, project.name);
  if (!isAdmin(caller) && role !== "projectAdmin") return forbidden(call);
  state.robots.splice(at, 1);
  return answer(call, 200);
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
  if (!["projectAdmin", "maintainer"].includes(roleIn(caller, project.name) ?? "")) return forbidden(call);
  project.retentionId = state.nextId();
  state.retentions.push({ id: project.retentionId, policy: call.body });
  return answer(call, 201, undefined, { location: `/api/v2.0/retentions/${project.retentionId}` });
}

function retentionFault(policy: RetentionBody, project: FakeProject | undefined): string | undefined {
  const { algorithm, scope, trigger } = policy;
  if (scope?.level !== "project" || project === undefined) return `invalid Project id ${scope?.ref ?? ""}`;
  if (algorithm !== "or") return "algorithm";
  if (trigger?.kind !== "Schedule" || trigger.settings?.cron?.split(" ").length !== 6) return "invalid cron string";
  return project.retentionId === undefined ? undefined : `project ${project.id} already has retention policy`;
}
