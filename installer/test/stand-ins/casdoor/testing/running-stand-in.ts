import { writeFile as writeFileAsync } from "node:fs/promises";
import { mkdtempSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashSync } from "bcryptjs";
import { afterEach } from "vitest";
import { MemoryStore } from "../memory-store.ts";
import { selfSigned } from "../self-signed.ts";
import { FileSessions } from "../sessions.ts";
import { type Running, start } from "../start.ts";
import type { Store } from "../store.ts";

const password = "Root#Pass1";

/** As init_data.json gives it. */
export const hash = hashSync(password, 4);

/** What tokens are signed with. */
export const pair = await selfSigned("csghub-cert", 20, new Date());

const callback = "http://hub.test/api/v1/callback/casdoor";

/** Of the hub's client. */
export const secret = "s".repeat(40);

const folders: string[] = [];

const running: Running[] = [];

interface Setup {
  readonly conf?: Readonly<Record<string, string>>;
  /** A whole app.conf instead; the port and where the initial data are stay the test's. */
  readonly appConf?: string;
  readonly initData?: unknown;
  readonly store?: Store;
  readonly clock?: { now: Date };
  readonly environment?: Readonly<Record<string, string>>;
  readonly sessionsBlocked?: boolean;
  /** The disk that sessions are written to is full. */
  readonly diskFull?: boolean;
}

/** An init_data.json that fits the hub. */
export function initData(): Record<string, Record<string, unknown>[]> {
  const application = {
    owner: "admin",
    organization: "OpenCSG",
    cert: "csghub-cert",
    enablePassword: true,
    tokenFormat: "JWT",
    expireInHours: 168,
    failedSigninLimit: 5,
    failedSigninFrozenTime: 15,
  };
  return {
    organizations: [
      {
        owner: "admin",
        name: "OpenCSG",
        passwordType: "bcrypt",
        passwordSalt: "OpenCSG",
        defaultApplication: "CSGHub",
      },
    ],
    applications: [
      { ...application, name: "CSGHub", clientId: "hub", clientSecret: secret, redirectUris: [callback] },
      {
        ...application,
        name: "Admin",
        clientId: "admin-client",
        clientSecret: "other",
        redirectUris: ["http://hub.test/admin"],
        enableAutoSignin: true,
      },
    ],
    users: [
      {
        owner: "OpenCSG",
        name: "root",
        displayName: "Administrator",
        email: "root@hub.test",
        password: hash,
        passwordType: "bcrypt",
        tag: "is_admin",
        isAdmin: true,
        signupApplication: "CSGHub",
      },
    ],
    certs: [{ owner: "admin", name: "csghub-cert", type: "x509", cryptoAlgorithm: "RS256", bitSize: 2048, ...pair }],
  };
}

/** A running stand-in in a folder of its own. */
export async function started(setup: Setup = {}): Promise<{
  readonly url: string;
  readonly store: Store;
  /** Sizes of the files that sessions left. */
  readonly sessionFiles: () => readonly number[];
  readonly log: readonly string[];
}> {
  const folder = mkdtempSync(join(tmpdir(), "casdoor-stand-in-"));
  folders.push(folder);
  mkdirSync(join(folder, "conf"));
  const tmp = join(folder, "tmp");
  if (setup.sessionsBlocked === true) writeFileSync(tmp, "a file where the folder should be");
  else mkdirSync(tmp);
  const conf = {
    httpport: "0",
    driverName: "postgres",
    dataSourceName: "postgres://casdoor:secret@database:5432/csghub_casdoor?sslmode=disable",
    origin: "https://casdoor.hub.test",
    initDataFile: join(folder, "conf/init_data.json"),
    initDataNewOnly: "true",
    enableErrorMask: "true",
    logConfig: '{"adapter":"console"}',
    ...setup.conf,
  };
  const lines = Object.entries(conf).map(([key, value]) => `${key} = ${value}\n`);
  const own = `httpport = 0\ninitDataFile = ${conf.initDataFile}\n`;
  writeFileSync(
    join(folder, "conf/app.conf"),
    setup.appConf === undefined ? lines.join("") : `${setup.appConf}\n${own}`,
  );
  const document = setup.initData ?? initData();
  writeFileSync(
    join(folder, "conf/init_data.json"),
    typeof document === "string" ? document : JSON.stringify(document),
  );
  const store = setup.store ?? new MemoryStore();
  const clock = setup.clock ?? { now: new Date() };
  const log: string[] = [];
  const result = await start({
    directory: folder,
    environment: setup.environment ?? {},
    openStore: () => store,
    ...(setup.diskFull === true ? { openFiles: (directory) => new FileSessions(directory, writeNothing) } : {}),
    now: () => clock.now,
    log: (line) => log.push(line),
  });
  running.push(result);
  return { url: `http://127.0.0.1:${result.port}`, store, sessionFiles: () => sizesBelow(tmp), log };
}

/** Sizes of all files below a folder. */
function sizesBelow(folder: string): readonly number[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => statSync(join(entry.parentPath, entry.name)).size);
}

/** As a full disk does: the file is emptied, and nothing fits in. */
async function writeNothing(path: Parameters<typeof writeFileAsync>[0]): Promise<void> {
  await writeFileAsync(path, "");
  throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
}

export interface Reply {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly cookie: string;
}

/** An answer with its session cookie. */
export async function reply(response: Response): Promise<Reply> {
  const cookie = response.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  return { status: response.status, body: (await response.json()) as Readonly<Record<string, unknown>>, cookie };
}

/** Signs in as the page does. */
export async function login(
  url: string,
  form: Readonly<Record<string, string>> = {},
  query: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  const parameters = new URLSearchParams({
    clientId: "hub",
    responseType: "code",
    redirectUri: callback,
    type: "code",
    scope: "openid profile email",
    state: "casdoor",
    ...query,
  });
  return reply(
    await fetch(`${url}/api/login?${parameters.toString()}`, {
      method: "POST",
      body: JSON.stringify({
        application: "CSGHub",
        organization: "OpenCSG",
        username: "root",
        password,
        signinMethod: "Password",
        type: "code",
        ...form,
      }),
    }),
  );
}

/** Ends what each test of the file started. */
export function closeStandIns(): void {
  afterEach(async () => {
    for (const { close } of running.splice(0)) await close();
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
}
