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
   * @param path a repository below the host, or the first parts of one: an entry for it or for what it is in comes before the host's
   * @throws RegistryError when a credential helper or a configuration cannot be used
   */
  find(host: string, path?: string): Promise<Credentials | undefined>;
  /**
   * The paths below this host that have entries of their own: `team`, `team/app`. A store without this has none.
   * @throws RegistryError when a configuration cannot be read
   */
  paths?(host: string): Promise<readonly string[]>;
}

export interface CredentialSources {
  /** Given by flags, for one host. */
  readonly explicit?: { readonly host: string; readonly username: string; readonly password: string };
  /** Docker's `config.json` and files of the same form (containers-auth.json(5)), in the order they are asked. */
  readonly configFiles: readonly string[];
}

/** Nobody: every registry is spoken to anonymously. */
export const noCredentials: CredentialStore = { find: () => Promise.resolve(undefined) };

/**
 * Finds credentials where flags, `docker login`, `podman login`, `skopeo login` and credential helpers left them; each host, and
 * each path that is asked for, is looked up once.
 */
export function createCredentialStore(
  ports: { readonly exec: Exec; readonly fs: FileSystem },
  sources: CredentialSources,
): CredentialStore {
  const { fs, exec } = ports;
  const found = new Map<string, Promise<Credentials | undefined>>();
  const asked = new Map<string, Promise<Credentials | undefined>>();

  function once(
    results: Map<string, Promise<Credentials | undefined>>,
    key: string,
    find: () => Promise<Credentials | undefined>,
  ): Promise<Credentials | undefined> {
    const known = results.get(key) ?? find();
    results.set(key, known);
    return known;
  }

  // A helper knows hosts only, and may ask a person: every path of a host shares its answer.
  const ask: AskHelper = (helper, host, file) =>
    once(asked, `${helper} ${host} ${file}`, () => askHelper(exec, helper, keysOf(host), file));

  return {
    find: (host, path = "") =>
      once(found, path === "" ? host : `${host}/${path}`, () => look({ fs, ask }, sources, { host, path })),
    paths: async (host) => {
      if (sources.explicit?.host === host) return [];
      const configs = await Promise.all(sources.configFiles.map((file) => readConfig(fs, file)));
      const keys = configs.flatMap((config) => Object.keys(fieldsOf(config?.["auths"])));
      return [...new Set(keys.filter((key) => key.startsWith(`${host}/`)).map((key) => key.slice(host.length + 1)))];
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

/**
 * Where Docker, Podman and Skopeo keep what `login` stored: the file that was named for it first, then Docker's, because the engine
 * is Docker's, then the others in their own order.
 * @param uid of this user, whose files are below /run where the session has no folder of its own
 */
export function configFilesOf(
  environment: Readonly<Record<string, string | undefined>>,
  uid: number,
): readonly string[] {
  const named = (name: string): string | undefined => (environment[name] === "" ? undefined : environment[name]);
  const home = named("HOME");
  const inHome = (folder: string): string | undefined => (home === undefined ? undefined : `${home}/${folder}`);
  const docker = named("DOCKER_CONFIG") ?? inHome(".docker");
  const settings = named("XDG_CONFIG_HOME") ?? inHome(".config");
  const runtime = named("XDG_RUNTIME_DIR");
  const files = [
    named("REGISTRY_AUTH_FILE"),
    docker && `${docker}/config.json`,
    runtime && `${runtime}/containers/auth.json`,
    `/run/containers/${uid}/auth.json`,
    settings && `${settings}/containers/auth.json`,
  ];
  return [...new Set(files.filter((file) => file !== undefined))];
}

/** What the credential helper of this name, which the file names, has for the host. */
type AskHelper = (helper: string, host: string, file: string) => Promise<Credentials | undefined>;

/** A registry, and what is asked for there; empty for nothing in particular. */
interface Place {
  readonly host: string;
  readonly path: string;
}

async function look(
  { fs, ask }: { readonly fs: FileSystem; readonly ask: AskHelper },
  { explicit, configFiles }: CredentialSources,
  place: Place,
): Promise<Credentials | undefined> {
  if (explicit?.host === place.host) {
    return { kind: "password", username: explicit.username, password: explicit.password };
  }
  for (const file of configFiles) {
    const config = await readConfig(fs, file);
    const credentials = config === undefined ? undefined : await fromConfig(ask, config, place, file);
    if (credentials !== undefined) return credentials;
  }
  return undefined;
}

async function readConfig(fs: FileSystem, path: string): Promise<Fields | undefined> {
  const text = await readText(fs, path);
  if (text === undefined || text.trim() === "") return undefined;
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    // The parser's own message quotes what it read, which may be a password.
    throw new RegistryError(`${path} is not JSON`, { hint: "repair it, or give --username and --password-file" });
  }
}

async function readText(fs: FileSystem, path: string): Promise<string | undefined> {
  try {
    return await fs.readTextIfPresent(path);
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    throw new RegistryError(`${path}, where logins to registries are kept, cannot be read (${code})`, {
      cause: error,
      hint: "it may belong to another user: make it readable for this one, or give --username and --password-file",
    });
  }
}

async function fromConfig(
  ask: AskHelper,
  config: Fields,
  place: Place,
  path: string,
): Promise<Credentials | undefined> {
  const { host } = place;
  const auths = fieldsOf(config["auths"]);
  for (const key of narrowKeys(place)) {
    const credentials = fromAuth(fieldsOf(auths[key]), key, path);
    if (credentials !== undefined) return credentials;
  }
  const keys = keysOf(host);
  const helpers = fieldsOf(config["credHelpers"]);
  const helper = keys.map((key) => helpers[key]).find((name) => typeof name === "string") ?? config["credsStore"];
  if (typeof helper === "string" && helper !== "") {
    const credentials = await ask(helper, host, path);
    if (credentials !== undefined) return credentials;
  }
  const written = Object.keys(auths).filter((key) => hostOfKey(key) === host);
  for (const key of new Set([...keys, ...written])) {
    const credentials = fromAuth(fieldsOf(auths[key]), host, path);
    if (credentials !== undefined) return credentials;
  }
  return undefined;
}

/** `harbor.corp/team/app`, `harbor.corp/team`: the narrowest first, without the host alone. */
function narrowKeys({ host, path }: Place): readonly string[] {
  const parts = path === "" ? [] : path.split("/");
  return parts.map((_, index) => [host, ...parts.slice(0, parts.length - index)].join("/"));
}

/** The registry that a key with a scheme stands for, whatever path follows; a key without one is compared as it is. */
function hostOfKey(key: string): string | undefined {
  return /^https?:\/\/([^/]+)/.exec(key)?.[1];
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
