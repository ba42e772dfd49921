import type { Exec, FileSystem } from "../platform/ports.ts";
import {
  type AptSource,
  type DebianMirror,
  findDebianMirror,
  mirrorFromAddress,
  parseDeb822,
  parseSourcesList,
} from "./apt-sources.ts";
import { netrcFor } from "./netrc.ts";

/** What of this machine a build needs to reach the package registries the machine itself reaches. */
export interface MachineConfiguration {
  readonly debian?: DebianMirror;
  /** apt settings: proxies and the like. */
  readonly aptSettings: string;
  /** Logins for apt mirrors. */
  readonly aptLogins?: string;
  /** File of the machine's CA bundle. */
  readonly caBundle?: string;
  /** Settings of the Go command, `NAME=value` lines. */
  readonly goSettings?: string;
  /** Logins for the Go proxy. */
  readonly goLogins?: string;
  /** Proxy variables, by name. */
  readonly proxies: Readonly<Record<string, string>>;
}

export interface MachineConfigurationPorts {
  readonly files: Pick<FileSystem, "readTextIfPresent" | "list" | "exists">;
  readonly exec: Pick<Exec, "run">;
  /** The environment of the program. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const caBundles = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
] as const;

const goNames = ["GOPROXY", "GOSUMDB", "GONOSUMDB", "GONOPROXY", "GOPRIVATE", "GOINSECURE", "GOVCS", "GOAUTH"] as const;

/** Reads the machine's own client configuration for apt, Go and HTTP proxies. */
export async function readMachineConfiguration(ports: MachineConfigurationPorts): Promise<MachineConfiguration> {
  const [debian, apt, caBundle, goSettings] = await Promise.all([
    readDebianMirror(ports),
    readAptSettings(ports),
    findCaBundle(ports),
    readGoSettings(ports),
  ]);
  const netrc = await ports.files
    .readTextIfPresent(`${ports.environment["HOME"] ?? "/root"}/.netrc`)
    .catch(() => undefined);
  const goLogins = netrc === undefined ? "" : netrcFor(netrc, hostsOf(goSettings ?? ""));
  const aptLogins = await readAptLogins(ports);
  return {
    aptSettings: apt,
    proxies: readProxies(ports.environment),
    ...(debian === undefined ? {} : { debian }),
    ...(aptLogins === "" ? {} : { aptLogins }),
    ...(caBundle === undefined ? {} : { caBundle }),
    ...(goSettings === undefined ? {} : { goSettings }),
    ...(goLogins === "" ? {} : { goLogins }),
  };
}

/** Whether something the builds need listens on this machine only, so that they must share its network. */
export function needsHostNetwork(configuration: MachineConfiguration): boolean {
  const texts = [
    ...debianAddresses(configuration),
    configuration.aptSettings,
    configuration.goSettings ?? "",
    ...Object.values(configuration.proxies),
  ];
  return texts.some((text) => /(?:\/\/|@|^)(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::|\/|$)/m.test(text));
}

/** Host names in a text of addresses. */
export function hostsOf(text: string): readonly string[] {
  const hosts = [...text.matchAll(/https?:\/\/(?:[^@/\s"',|]*@)?(\[[^\]]+\]|[^:/\s"',|;]+)/g)].map(
    (match) => match[1] ?? "",
  );
  return [...new Set(hosts)].filter((host) => host !== "").sort();
}

/** Host names of every package registry the configuration names. */
export function mirrorHosts(configuration: MachineConfiguration): readonly string[] {
  const sumdb = /^GOSUMDB=(?:\S+ )?(?:https?:\/\/)?([a-z0-9.-]+\.[a-z]+)/im.exec(configuration.goSettings ?? "")?.[1];
  return [
    ...new Set([
      ...hostsOf(debianAddresses(configuration).join("\n")),
      ...hostsOf(configuration.aptSettings),
      ...hostsOf(configuration.goSettings ?? ""),
      ...hostsOf(Object.values(configuration.proxies).join("\n")),
      ...(sumdb === undefined ? [] : [sumdb]),
    ]),
  ];
}

function debianAddresses({ debian }: MachineConfiguration): readonly string[] {
  return debian === undefined ? [] : [debian.main, debian.updates ?? "", debian.security ?? ""];
}

async function readDebianMirror(ports: MachineConfigurationPorts): Promise<DebianMirror | undefined> {
  const address = ports.environment["SLIPWAY_DEBIAN_MIRROR"];
  if (address !== undefined && address !== "") {
    return mirrorFromAddress(address, ports.environment["SLIPWAY_DEBIAN_SECURITY_MIRROR"]);
  }
  const folder = "/etc/apt/sources.list.d";
  const sources: AptSource[] = [];
  const add = async (path: string, parse: (text: string) => readonly AptSource[]): Promise<void> => {
    sources.push(...parse((await ports.files.readTextIfPresent(path)) ?? ""));
  };
  await add("/etc/apt/sources.list", parseSourcesList);
  for (const name of await listFolder(ports, folder)) {
    if (name.endsWith(".sources")) await add(`${folder}/${name}`, parseDeb822);
    if (name.endsWith(".list")) await add(`${folder}/${name}`, parseSourcesList);
  }
  return findDebianMirror(sources);
}

/** Of apt's settings only those that decide whether a mirror can be reached: the rest is this machine's taste. */
async function readAptSettings(ports: MachineConfigurationPorts): Promise<string> {
  const dump = await output(ports, "apt-config", ["dump"]);
  const wanted =
    /^Acquire::(?:(?:http|https|ftp)(?:::[^ ]+)?::(?:Proxy|Verify-Peer|Verify-Host|Timeout)|(?:http|https)::Proxy(?:::[^ ]+)?|Check-Valid-Until|Check-Date|Retries|ForceIPv[46]) "[^"]+";$/;
  return (dump ?? "")
    .split("\n")
    .filter((line) => wanted.test(line))
    .map((line) => `${line}\n`)
    .join("");
}

async function readAptLogins(ports: MachineConfigurationPorts): Promise<string> {
  const folder = "/etc/apt/auth.conf.d";
  const names = (await listFolder(ports, folder)).filter((name) => name.endsWith(".conf"));
  const paths = ["/etc/apt/auth.conf", ...names.map((name) => `${folder}/${name}`)];
  // Unreadable without root, and then apt itself could not use them as this user either.
  const texts = await Promise.all(paths.map((path) => ports.files.readTextIfPresent(path).catch(() => undefined)));
  return texts.filter((text) => text !== undefined && text !== "").join("\n");
}

async function findCaBundle(ports: MachineConfigurationPorts): Promise<string | undefined> {
  const named = ports.environment["SSL_CERT_FILE"];
  for (const path of [...(named === undefined || named === "" ? [] : [named]), ...caBundles]) {
    if (await ports.files.exists(path)) return path;
  }
  return undefined;
}

/** Asks the Go command where there is one, since it knows its own files; else reads its usual file. The environment wins. */
async function readGoSettings(ports: MachineConfigurationPorts): Promise<string | undefined> {
  const printed = await output(ports, "go", ["env", "-json", ...goNames]);
  const found: Readonly<Record<string, string | undefined>> =
    printed === undefined ? await readGoFile(ports) : (JSON.parse(printed) as Readonly<Record<string, string>>);
  const lines = goNames.flatMap((name) => {
    const value = ports.environment[name] ?? found[name];
    // The netrc file is handed over by itself; other ways to log in are programs of this machine.
    const usable = value !== undefined && value !== "" && (name !== "GOAUTH" || value === "netrc");
    return usable ? [`${name}=${value}\n`] : [];
  });
  return lines.length === 0 ? undefined : lines.join("");
}

async function readGoFile(ports: MachineConfigurationPorts): Promise<Readonly<Record<string, string>>> {
  const { HOME = "/root", XDG_CONFIG_HOME, GOENV } = ports.environment;
  const text = await ports.files.readTextIfPresent(GOENV ?? `${XDG_CONFIG_HOME ?? `${HOME}/.config`}/go/env`);
  const lines = (text ?? "").split("\n").map((line) => line.split("="));
  return Object.fromEntries(lines.map(([name = "", ...value]) => [name, value.join("=")]));
}

function readProxies(environment: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  const names = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "FTP_PROXY", "ALL_PROXY"];
  return Object.fromEntries(
    names
      .flatMap((name) => [name, name.toLowerCase()])
      .flatMap((name) => {
        const value = environment[name];
        return value === undefined || value === "" ? [] : [[name, value]];
      }),
  );
}

async function listFolder(ports: MachineConfigurationPorts, folder: string): Promise<readonly string[]> {
  if (!(await ports.files.exists(folder))) return [];
  return [...(await ports.files.list(folder))].sort();
}

/** Undefined when the program is not there or fails: then the machine has no such configuration. */
async function output(
  ports: MachineConfigurationPorts,
  command: string,
  args: readonly string[],
): Promise<string | undefined> {
  try {
    return (await ports.exec.run(command, args, { timeoutMs: 20_000 })).stdout;
  } catch {
    return undefined;
  }
}
