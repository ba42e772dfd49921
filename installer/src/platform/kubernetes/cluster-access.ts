import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { PreflightError } from "../../errors/installer-error.ts";
import { isLoopback } from "../loopback.ts";
import { readProxies } from "../proxies.ts";
import {
  damaged,
  entriesOf,
  type Entry,
  isEntry,
  type Kubeconfig,
  type NamedEntry,
  readKubeconfig,
  text,
} from "./kubeconfig.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** A program that is asked for credentials, as the kubeconfig describes it. */
export interface CredentialProgram {
  readonly apiVersion: string;
  /** Its path where the kubeconfig names one relative to itself. */
  readonly command: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  /** Whether it is told which cluster it is for. */
  readonly provideClusterInfo: boolean;
  /** What the kubeconfig says to do where the program is not there. */
  readonly installHint?: string;
}

/** One context of the kubeconfig, with all that a connection needs. */
export interface ClusterAccess {
  readonly context: string;
  readonly namespace: string;
  /** The file that the cluster's entry is in, for messages. */
  readonly file: string;
  /** Without a slash at its end. */
  readonly server: string;
  readonly cluster: {
    readonly name: string;
    /** PEM of the authorities that the API server's certificate comes from; the usual ones when absent. */
    readonly ca?: string;
    /** Whether the API server's certificate is looked at. */
    readonly verify: boolean;
    readonly serverName?: string;
    /** With user and password: never shown. */
    readonly proxyUrl?: string;
  };
  readonly user: {
    readonly name: string;
    readonly cert?: string;
    readonly key?: string;
    readonly token?: string;
    /** Read again for every request, because others renew it. */
    readonly tokenFile?: string;
    readonly username?: string;
    readonly password?: string;
    readonly program?: CredentialProgram;
    /** The headers by which one acts as somebody else. */
    readonly impersonation: Readonly<Record<string, string | readonly string[]>>;
  };
}

/**
 * Reads a context of the kubeconfig; its current one when none is wanted.
 * @throws PreflightError when there is no kubeconfig, it cannot be read, or has no such context, or one that cannot be used
 */
export function readClusterAccess(env: Environment, wanted: string | undefined): ClusterAccess {
  const config = readKubeconfig(env);
  const context = wanted ?? config.currentContext;
  if (context === undefined) throw noContext(config);
  const found = config.contexts.get(context);
  if (found === undefined) throw unknownContext(config, context, wanted === undefined);
  const names = { cluster: text(found.content, "cluster") ?? "", user: text(found.content, "user") ?? "" };
  const cluster = config.clusters.get(names.cluster);
  if (cluster === undefined) throw incomplete(context, found.file, `the cluster ${names.cluster}`);
  const user = config.users.get(names.user);
  if (user === undefined && names.user !== "") throw incomplete(context, found.file, `the user ${names.user}`);
  const server = serverOf(names.cluster, cluster);
  return {
    context,
    namespace: text(found.content, "namespace") ?? "default",
    file: cluster.file,
    server: server.href.replace(/\/+$/, ""),
    cluster: readCluster(names.cluster, cluster, proxyFor(cluster, server, env)),
    user: user === undefined ? { name: names.user, impersonation: {} } : readUser(names.user, user),
  };
}

function serverOf(name: string, { content, file }: NamedEntry): URL {
  const given = text(content, "server") ?? "";
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw damaged(file, `the server of the cluster ${name} is not an address such as https://10.0.0.1:6443`);
  }
  if (url.protocol === "http:" && !isLoopback(url.hostname)) {
    throw new PreflightError(`the API server of the cluster ${name} would be spoken to without TLS (${given})`, {
      hint: `passwords are sent to it: give it an https:// address in ${file}; http:// is for this machine itself only`,
    });
  }
  url.hash = url.search = "";
  return url;
}

/** A proxy of the kubeconfig's counts alone; else those of the environment do, as for kubectl and helm. */
function proxyFor({ content }: NamedEntry, server: URL, env: Environment): string | undefined {
  const own = text(content, "proxy-url");
  if (own !== undefined) return own;
  const found = readProxies(env)(server);
  if (found?.problem === undefined) return found?.href;
  throw new PreflightError(`${found.variable} ${found.problem}, so ${server.host} cannot be asked`, {
    hint: `correct ${found.variable}, or add ${server.hostname} to NO_PROXY`,
  });
}

function readCluster(name: string, entry: NamedEntry, proxyUrl: string | undefined): ClusterAccess["cluster"] {
  const ca = pem(entry, "certificate-authority", `the cluster ${name}`);
  const serverName = text(entry.content, "tls-server-name");
  return {
    name,
    verify: entry.content["insecure-skip-tls-verify"] !== true,
    ...(ca === undefined ? {} : { ca }),
    ...(serverName === undefined ? {} : { serverName }),
    ...(proxyUrl === undefined ? {} : { proxyUrl }),
  };
}

function readUser(name: string, entry: NamedEntry): ClusterAccess["user"] {
  const { content, file } = entry;
  const cert = pem(entry, "client-certificate", `the user ${name}`);
  const key = pem(entry, "client-key", `the user ${name}`);
  const tokenFile = text(content, "tokenFile");
  const program = content["exec"];
  const token = text(content, "token") ?? tokenOfProvider(name, entry);
  const username = text(content, "username");
  return {
    name,
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(tokenFile === undefined ? {} : { tokenFile: resolve(dirname(file), tokenFile) }),
    ...(token === undefined ? {} : { token }),
    ...(username === undefined ? {} : { username, password: text(content, "password") ?? "" }),
    ...(isEntry(program) ? { program: readProgram(name, file, program) } : {}),
    impersonation: readImpersonation(content),
  };
}

/** kubectl renews what `oidc` keeps in the kubeconfig and writes it back; what it wrote last is used as it stands. */
function tokenOfProvider(name: string, { content, file }: NamedEntry): string | undefined {
  const provider = content["auth-provider"];
  if (!isEntry(provider)) return undefined;
  const kind = text(provider, "name") ?? "";
  const settings = provider["config"];
  if (kind === "oidc") return isEntry(settings) ? text(settings, "id-token") : undefined;
  throw new PreflightError(`the user ${name} signs in by auth-provider ${kind}, which kubectl has no more`, {
    hint: `have ${file} written anew by the tool of your cloud, which will name a program for it (exec)`,
  });
}

function readProgram(user: string, file: string, program: Entry): CredentialProgram {
  const command = text(program, "command");
  if (command === undefined) throw damaged(file, `exec of the user ${user} names no command`);
  const installHint = text(program, "installHint");
  return {
    apiVersion: text(program, "apiVersion") ?? "client.authentication.k8s.io/v1",
    // A path is meant from the kubeconfig, a bare name from PATH.
    command: command.includes("/") ? resolve(dirname(file), command) : command,
    args: entriesOf(program["args"]).map(String),
    env: entriesOf(program["env"])
      .filter(isEntry)
      .map((each) => ({ name: text(each, "name") ?? "", value: text(each, "value") ?? "" })),
    provideClusterInfo: program["provideClusterInfo"] === true,
    ...(installHint === undefined ? {} : { installHint }),
  };
}

function readImpersonation(content: Entry): Readonly<Record<string, string | readonly string[]>> {
  const [user, uid] = [text(content, "as"), text(content, "as-uid")];
  const groups = entriesOf(content["as-groups"]).map(String);
  const extra = content["as-user-extra"];
  return {
    ...(user === undefined ? {} : { "impersonate-user": user }),
    ...(uid === undefined ? {} : { "impersonate-uid": uid }),
    ...(groups.length === 0 ? {} : { "impersonate-group": groups }),
    ...Object.fromEntries(
      Object.entries(isEntry(extra) ? extra : {}).map(([key, values]) => [
        `impersonate-extra-${encodeURIComponent(key)}`,
        entriesOf(values).map(String),
      ]),
    ),
  };
}

/** From `NAME-data`, which wins, or from the file `NAME`. */
function pem({ content, file }: NamedEntry, key: string, whose: string): string | undefined {
  const inline = text(content, `${key}-data`);
  if (inline !== undefined) {
    const decoded = Buffer.from(inline, "base64").toString("utf8");
    if (decoded.includes("-----BEGIN ")) return decoded;
    throw damaged(file, `${key}-data of ${whose} is not PEM in base64`);
  }
  const given = text(content, key);
  if (given === undefined) return undefined;
  const path = resolve(dirname(file), given);
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new PreflightError(`${key} of ${whose}, ${path}, ${missing ? "is not there" : "cannot be read"}`, {
      hint: `correct it in ${file}`,
      cause: error,
    });
  }
}

function noContext(config: Kubeconfig): PreflightError {
  return new PreflightError(`no context is chosen in ${config.files.join(", ")}`, {
    hint: `set cluster.context, or choose one: kubectl config use-context NAME (${listContexts(config)})`,
  });
}

function unknownContext(config: Kubeconfig, context: string, isCurrent: boolean): PreflightError {
  const which = isCurrent ? "current context" : "context";
  return new PreflightError(`the ${which} ${context} is not in ${config.files.join(", ")}`, {
    hint: `kubectl config get-contexts shows all (${listContexts(config)}); KUBECONFIG says which files are read`,
  });
}

function listContexts({ contexts }: Kubeconfig): string {
  const names = [...contexts.keys()].toSorted();
  if (names.length === 0) return "there is none";
  return `there ${names.length === 1 ? "is" : "are"} ${names.slice(0, 10).join(", ")}${names.length > 10 ? ", …" : ""}`;
}

function incomplete(context: string, file: string, what: string): PreflightError {
  return new PreflightError(`the context ${context} names ${what}, which no kubeconfig describes`, {
    hint: `correct ${file}, or name the file that describes it in KUBECONFIG, too`,
  });
}
