import { answer, type Answered, type ApiCall, forbidden, page, refuseHarbor, unauthorized } from "./answers.ts";
import { isAdmin, newSecret, roleIn } from "./state.ts";

/** Those of the system, or of one project. */
export function listRobots(call: ApiCall): Answered {
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
  // Every member of a project may see its accounts, and only its administrators make them.
  const allowed = level === "system" ? isAdmin(caller) : role !== undefined;
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

/** Its secret is told this once. */
export function createRobot(call: ApiCall): Answered {
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
  const projectId = level === "project" ? (state.projects.get(only)?.id ?? 0) : 0;
  const short = level === "project" ? `${only}+${name}` : name;
  const full = `${state.robotPrefix}${short}`;
  if (state.robots.some((row) => row.name === full)) {
    return refuseHarbor(response, 409, "CONFLICT", `robot account ${projectId}:${short} already exists`);
  }
  const made = {
    id: state.nextId(),
    name: full,
    secret: newSecret(),
    level,
    projectId,
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
  return access.map(({ resource = "", action = "" }) =>
    resource === "repository" && ["pull", "push"].includes(action)
      ? `${action} ${namespace}`
      : `${resource}:${action} ${namespace}`,
  );
}

/** Removes one by its number. */
export function deleteRobot(call: ApiCall): Answered {
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
