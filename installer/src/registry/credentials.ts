import { InstallerError, RegistryError, UsageError } from "../errors/installer-error.ts";
import { type Fields, fieldsOf } from "../language/fields.ts";
import type { Exec, FileSystem } from "../platform/ports.ts";

/** Who we are at a registry. Lives in memory only. */
export type Credentials =
  | { readonly kind: "password"; readonly username: string; readonly password: string }
  /** A refresh token that `docker login` received. */
  | { readonly kind: "identity-token"; readonly token: string };

/** User and password as HTTP sends them: RFC 7617. */
export function basicHeader({ username, password }: Extract<Credentials, { kind: "password" }>): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

export interface CredentialStore {
  /**
   * Undefined when there is none for this host.
   * @throws RegistryError when a credential helper or Docker's configuration cannot be used
   */
  find(host: string): Promise<Credentials | undefined>;
}

export interface CredentialSources {
  /** Given by flags, for one host. */
  readonly explicit?: { readonly host: string; readonly username: string; readonly password: string };
  /** Docker's `config.json` and files of the same form, in the order they are asked. */
  readonly configFiles: readonly string[];
}

/** Nobody: every registry is spoken to anonymously. */
export const noCredentials: CredentialStore = { find: () => Promise.resolve(undefined) };

/** Finds credentials where flags, `docker login` and credential helpers left them; each host is looked up once. */
export function createCredentialStore(
  ports: { readonly exec: Exec; readonly fs: FileSystem },
  sources: CredentialSources,
): CredentialStore {
  const found = new Map<string, Promise<Credentials | undefined>>();
  return {
    find: (host) => {
      const known = found.get(host) ?? look(ports, sources, host);
      found.set(host, known);
      return known;
    },
  };
}

/**
 * A password from the text of a file or of standard input: one line, its end cut off.
 * @throws UsageError when it is empty or has several lines
 */
export function readPassword(text: string, where: string): string {
  const password = text.replace(/\r?\n$/, "");
  if (password === "" || /[\r\n]/.test(password)) {
    throw new UsageError(`${where} does not hold a password`, { hint: "it must be one line that is not empty" });
  }
  return password;
}

/** Where Docker and Podman keep what `login` stored. */
export function configFilesOf(environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  const { DOCKER_CONFIG: docker, HOME: home, REGISTRY_AUTH_FILE: auth, XDG_RUNTIME_DIR: runtime } = environment;
  const folder = docker ?? (home === undefined ? undefined : `${home}/.docker`);
  return [
    ...(folder === undefined ? [] : [`${folder}/config.json`]),
    ...(auth === undefined ? [] : [auth]),
    ...(runtime === undefined ? [] : [`${runtime}/containers/auth.json`]),
  ];
}

async function look(
  ports: { readonly exec: Exec; readonly fs: FileSystem },
  { explicit, configFiles }: CredentialSources,
  host: string,
): Promise<Credentials | undefined> {
  if (explicit?.host === host) {
    return { kind: "password", username: explicit.username, password: explicit.password };
  }
  for (const path of configFiles) {
    const config = await readConfig(ports.fs, path);
    const credentials = config === undefined ? undefined : await fromConfig(ports.exec, config, host, path);
    if (credentials !== undefined) return credentials;
  }
  return undefined;
}

async function readConfig(fs: FileSystem, path: string): Promise<Fields | undefined> {
  const text = await fs.readTextIfPresent(path);
  if (text === undefined || text.trim() === "") return undefined;
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    // The parser's own message quotes what it read, which may be a password.
    throw new RegistryError(`${path} is not JSON`, { hint: "repair it, or give --username and --password-file" });
  }
}

async function fromConfig(exec: Exec, config: Fields, host: string, path: string): Promise<Credentials | undefined> {
  const keys = keysOf(host);
  const helpers = fieldsOf(config["credHelpers"]);
  const helper = keys.map((key) => helpers[key]).find((name) => typeof name === "string") ?? config["credsStore"];
  if (typeof helper === "string" && helper !== "") {
    const credentials = await askHelper(exec, helper, keys, path);
    if (credentials !== undefined) return credentials;
  }
  const auths = fieldsOf(config["auths"]);
  for (const key of keys) {
    const credentials = fromAuth(fieldsOf(auths[key]), host, path);
    if (credentials !== undefined) return credentials;
  }
  return undefined;
}

/** How `docker login` names a registry; its own one by the address it had in the beginning. */
function keysOf(host: string): readonly string[] {
  if (host === "docker.io") return ["https://index.docker.io/v1/", "index.docker.io", "docker.io"];
  return [host, `https://${host}`, `http://${host}`, `https://${host}/v1/`, `https://${host}/v2/`];
}

function fromAuth(auth: Fields, host: string, path: string): Credentials | undefined {
  const { identitytoken: token, auth: packed, username, password } = auth;
  if (typeof token === "string" && token !== "") return { kind: "identity-token", token };
  if (typeof packed === "string" && packed !== "") {
    const text = Buffer.from(packed, "base64").toString("utf8").replace(/\0+$/, "");
    const colon = text.indexOf(":");
    if (colon < 1) {
      throw new RegistryError(`${path} has an entry for ${host} that is no user and password`, {
        hint: `run docker login ${host} again`,
      });
    }
    return { kind: "password", username: text.slice(0, colon), password: text.slice(colon + 1) };
  }
  if (typeof username === "string" && typeof password === "string" && username !== "") {
    return { kind: "password", username, password };
  }
  return undefined;
}

const helperPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Protocol of docker-credential-helpers: `get`, the server on stdin, JSON on stdout. */
async function askHelper(
  exec: Exec,
  name: string,
  keys: readonly string[],
  path: string,
): Promise<Credentials | undefined> {
  if (!helperPattern.test(name)) {
    throw new RegistryError(`${path} names the credential helper ${JSON.stringify(name)}, which is not a name`);
  }
  const program = `docker-credential-${name}`;
  for (const key of keys) {
    const answer = await runHelper(exec, program, key, path);
    if (answer === undefined) continue;
    const { Username: username, Secret: secret } = answer;
    if (typeof secret !== "string" || secret === "" || typeof username !== "string") continue;
    if (username === "<token>") return { kind: "identity-token", token: secret };
    return { kind: "password", username, password: secret };
  }
  return undefined;
}

async function runHelper(exec: Exec, program: string, key: string, path: string): Promise<Fields | undefined> {
  try {
    const result = await exec.run(program, ["get"], { stdin: key, allowFailure: true, timeoutMs: 30_000 });
    if (result.exitCode === 0) return fieldsOf(JSON.parse(result.stdout));
    const said = `${result.stdout}\n${result.stderr}`;
    if (/credentials not found|not found in native keychain|no credentials/i.test(said)) return undefined;
    throw new RegistryError(`${program}, which ${path} names, failed with status ${result.exitCode}`, {
      hint: "run it by hand, or give --username and --password-file",
    });
  } catch (error) {
    if (error instanceof RegistryError) throw error;
    // What it printed may hold a secret and goes nowhere.
    throw new RegistryError(`${program}, which ${path} names, cannot be used`, {
      hint: error instanceof InstallerError ? error.hint : "run it by hand, or give --username and --password-file",
    });
  }
}
