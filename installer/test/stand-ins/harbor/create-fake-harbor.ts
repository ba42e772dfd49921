import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { type AccessEntry, entryOf } from "../registry/access-log.ts";
import { createTestStore } from "../registry/store.ts";
import { answerApi } from "./api.ts";
import { answerRegistry, answerToken } from "./registry-half.ts";
import type { FakeProject, FakeRobot, FakeUser, HarborState } from "./state.ts";

export interface FakeHarborOptions {
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Besides `admin` with the password `admin-password`. */
  readonly users?: Readonly<Record<string, FakeUser>>;
  readonly projects?: readonly (Partial<Pick<FakeProject, "public" | "registryId" | "hard" | "retentionId">> & {
    readonly name: string;
  })[];
  readonly readOnly?: boolean;
  readonly projectCreation?: "adminonly" | "everyone";
  /** Bytes for projects that are made without a limit; none unless told. */
  readonly defaultLimit?: number;
  readonly quotasOn?: boolean;
  /**
   * Milliseconds that looking at a password takes, one after the other: Harbor hashes those of users 600 000 times, at half a
   * second of a core, wherever they are shown. Secrets of robot accounts cost nothing. 0 unless told.
   */
  readonly passwordMs?: number;
  /** `robot$` unless told. */
  readonly robotPrefix?: string;
  readonly robots?: readonly GivenRobot[];
  readonly headNeedsRead?: boolean;
  /** Tokens are good for the repositories that they name alone; for their projects unless told. */
  readonly exactTokens?: boolean;
  /** Where its users come from; `db_auth`, its own database, unless told. */
  readonly authMode?: "db_auth" | "ldap_auth" | "oidc_auth";
  /** Requests to the API that fail; without a status their connection breaks. */
  readonly apiFault?: { readonly method: string; readonly path: RegExp; readonly status?: number };
  /** A token service that answers with a status, or is said to be elsewhere. */
  readonly tokenFault?: { readonly status?: number; readonly origin?: string };
}

/** A robot account that is there from the start. */
export interface GivenRobot {
  /** Without prefix and project. */
  readonly name: string;
  readonly secret: string;
  readonly project: string;
  readonly level?: FakeRobot["level"];
  /** As in the state, without the project: `push`, `project:read`. */
  readonly rights: readonly string[];
}

export interface FakeHarbor {
  /** `127.0.0.1:43123`. */
  readonly host: string;
  readonly state: HarborState;
  readonly log: readonly AccessEntry[];
  /** Requests to the API that are no reads. */
  readonly changes: () => readonly AccessEntry[];
  /** Requests to the registry half that send something. */
  readonly uploads: () => readonly AccessEntry[];
  /** Requests for a token. */
  readonly tokens: () => readonly AccessEntry[];
  /** Requests that showed a user and password, wherever. */
  readonly passwords: () => readonly AccessEntry[];
  close(): Promise<void>;
}

export const adminPassword = "admin-password";

/**
 * A Harbor in memory on a free port of loopback, made from what its API documentation and its answers say, and compared
 * with a real Harbor 2.15.2. No code of Harbor is in it.
 */
export async function createFakeHarbor(options: FakeHarborOptions = {}): Promise<FakeHarbor> {
  const state = createState(options);
  const log: AccessEntry[] = [];
  const context = {
    options: {},
    store: state.store,
    gate: { refuse: () => undefined, issue: () => false, issued: [] },
    uploads: new Map(),
    origin: "",
  };

  let hashing: Promise<unknown> = Promise.resolve();
  async function lookAtPassword({ headers }: IncomingMessage): Promise<void> {
    const { passwordMs = 0 } = options;
    const isRobot = Buffer.from((headers.authorization ?? "").replace(/^Basic /, ""), "base64")
      .toString()
      .startsWith(state.robotPrefix);
    if (passwordMs === 0 || isRobot) return;
    hashing = hashing.then(() => delay(passwordMs));
    await hashing;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", context.origin);
    const entry = entryOf(request);
    log.push(entry);
    response.on("close", () => (entry.status = response.headersSent ? response.statusCode : 0));
    if (entry.authorization === "Basic") await lookAtPassword(request);
    if (options.apiFault?.method === request.method && options.apiFault?.path.test(url.pathname) === true) {
      request.resume();
      if (options.apiFault.status === undefined) response.destroy();
      else response.writeHead(options.apiFault.status).end();
      return;
    }
    if (url.pathname.startsWith("/api/v2.0/")) {
      await answerApi(state, request, response, url);
      return;
    }
    if (url.pathname === "/service/token" && options.tokenFault?.status !== undefined) {
      request.resume();
      response.writeHead(options.tokenFault.status).end();
      return;
    }
    if (url.pathname === "/service/token") {
      answerToken(state, request, response, url);
      return;
    }
    if (url.pathname.startsWith("/v2/")) return answerRegistry(state, context, { request, response, entry }, url);
    // The portal answers every other path with its page.
    request.resume();
    response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><html><title>Harbor</title></html>");
  }

  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    answer(request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(String(error));
    });
  };
  const server = options.tls === undefined ? createServer(listener) : createSecureServer(options.tls, listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  context.origin = `${options.tls === undefined ? "http" : "https"}://${host}`;
  const isRead = ({ method }: AccessEntry): boolean => method === "GET" || method === "HEAD";
  return {
    host,
    state,
    log,
    changes: () => log.filter((entry) => entry.target.startsWith("/api/") && !isRead(entry)),
    uploads: () => log.filter((entry) => entry.target.startsWith("/v2/") && !isRead(entry)),
    tokens: () => log.filter((entry) => entry.target.startsWith("/service/token")),
    passwords: () => log.filter((entry) => entry.authorization === "Basic"),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function createState(options: FakeHarborOptions): HarborState {
  let id = 0;
  const nextId = (): number => (id += 1);
  const users = new Map<string, FakeUser>([["admin", { password: adminPassword, admin: true }]]);
  for (const [name, user] of Object.entries(options.users ?? {})) users.set(name, user);
  const projects = new Map<string, FakeProject>();
  for (const { name, ...rest } of [{ name: "library", public: true }, ...(options.projects ?? [])]) {
    projects.set(name, { id: nextId(), name, public: false, registryId: 0, hard: -1, rules: [], ...rest });
  }
  const robotPrefix = options.robotPrefix ?? "robot$";
  const robots = (options.robots ?? []).map(({ name, secret, project, level = "project", rights }): FakeRobot => {
    const ofProject = level === "project";
    return {
      id: nextId(),
      name: `${robotPrefix}${ofProject ? `${project}+` : ""}${name}`,
      secret,
      level,
      projectId: ofProject ? (projects.get(project)?.id ?? 0) : 0,
      disable: false,
      expiresAt: -1,
      rights: new Set(rights.map((right) => `${right} ${project}`)),
    };
  });
  return {
    projects,
    users,
    robots,
    robotPrefix,
    headNeedsRead: options.headNeedsRead ?? false,
    exactTokens: options.exactTokens === true,
    authMode: options.authMode ?? "db_auth",
    ...(options.tokenFault?.origin === undefined ? {} : { tokenOrigin: options.tokenFault.origin }),
    retentions: [],
    store: createTestStore(),
    readOnly: options.readOnly ?? false,
    quotasOn: options.quotasOn ?? true,
    defaultLimit: options.defaultLimit ?? -1,
    projectCreation: options.projectCreation ?? "adminonly",
    nextId,
    tokens: new Map(),
  };
}
