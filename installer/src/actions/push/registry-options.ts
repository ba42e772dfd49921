import { UsageError } from "../../errors/installer-error.ts";
import { createRegistryClient } from "../../registry/create-registry-client.ts";
import {
  type CredentialStore,
  configFilesOf,
  createCredentialStore,
  readPassword,
} from "../../registry/credentials.ts";
import type { RegistryClient } from "../../registry/registry-client.ts";
import type { HttpSettings } from "../../platform/content-ports.ts";
import type { ActionPorts } from "../context.ts";
import { readCertificates } from "../../platform/pem.ts";

/** How registries are spoken to: what the flags of a command say. Paths are absolute. */
export interface RegistryOptions {
  /** PEM. */
  readonly caFile?: string;
  readonly clientCertFile?: string;
  readonly clientKeyFile?: string;
  readonly username?: string;
  readonly passwordFile?: string;
  /** Standard input, to its end. */
  readonly passwordFromInput?: () => Promise<string>;
  readonly plainHttp: boolean;
  readonly connections?: number;
  /** Milliseconds without a byte after which a request is tried again. */
  readonly idleTimeoutMs?: number;
}

/** Registries as the options say, each with connections of its own. */
export interface RegistryAccess {
  readonly connections: number;
  readonly credentials: CredentialStore;
  readonly settings: HttpSettings;
  /** Whether plain HTTP is spoken to a host. */
  isPlain(host: string): boolean;
  /** @param onRetry told of each request that is tried again */
  connect(host: string, onRetry?: () => void): RegistryClient;
}

export const defaultConnections = 8;

/**
 * Public registries, which --plain-http is never meant for: images from there and from a registry without TLS may be asked
 * for in one run, and who is on the way must not be able to ask for what `docker login` stored.
 */
const alwaysTls =
  /^(docker\.io|quay\.io|ghcr\.io|registry\.k8s\.io|mcr\.microsoft\.com|public\.ecr\.aws|(.+\.)?gcr\.io)$/;

export type RegistryPorts = Pick<
  ActionPorts,
  "fs" | "exec" | "http" | "clock" | "random" | "environment" | "host" | "report" | "signal"
>;

/**
 * Reads certificates and password once.
 * @param host the registry that user and password are for; others are spoken to as `docker login` left them
 * @throws UsageError when flags do not go together or a file cannot be read
 */
export async function openRegistries(
  options: RegistryOptions,
  host: string,
  ports: RegistryPorts,
): Promise<RegistryAccess> {
  const explicit = await readExplicit(options, host, ports);
  const credentials = createCredentialStore(ports, {
    ...(explicit !== undefined && { explicit }),
    configFiles: configFilesOf(ports.environment, ports.host.uid()),
  });
  const connections = options.connections ?? defaultConnections;
  const settings: HttpSettings = {
    connections,
    environment: ports.environment,
    ...(options.caFile !== undefined && { ca: await readAuthorities(options.caFile, ports) }),
    ...(await readClientCertificate(options, ports)),
  };
  const isPlain = (name: string): boolean => options.plainHttp && !alwaysTls.test(name);
  return {
    connections,
    credentials,
    settings,
    isPlain,
    connect: (name, onRetry) =>
      createRegistryClient({
        host: name,
        http: ports.http(settings),
        clock: ports.clock,
        random: ports.random,
        credentials,
        plainHttp: isPlain(name),
        ...(options.idleTimeoutMs !== undefined && { idleTimeoutMs: options.idleTimeoutMs }),
        signal: ports.signal,
        onRetry: (notice) => {
          ports.report({ type: "debug", message: "registry request tried again", data: notice });
          onRetry?.();
        },
      }),
  };
}

async function readExplicit(
  { username, passwordFile, passwordFromInput }: RegistryOptions,
  host: string,
  ports: RegistryPorts,
) {
  if (passwordFile !== undefined && passwordFromInput !== undefined) {
    throw new UsageError("--password-file and --password-stdin were both given", { hint: "give one of them" });
  }
  const given = passwordFile !== undefined || passwordFromInput !== undefined;
  if (username === undefined && !given) return undefined;
  if (username === undefined)
    throw new UsageError("a password was given without --username", { hint: "add --username" });
  if (passwordFromInput !== undefined) {
    return { host, username, password: readPassword(await passwordFromInput(), "standard input") };
  }
  if (passwordFile === undefined) {
    throw new UsageError(`--username ${username} was given without a password`, {
      hint: "add --password-file FILE or --password-stdin; a password on the command line would be seen by others",
    });
  }
  return {
    host,
    username,
    password: readPassword(await readFile(passwordFile, "--password-file", ports), passwordFile),
  };
}

async function readClientCertificate({ clientCertFile, clientKeyFile }: RegistryOptions, ports: RegistryPorts) {
  if (clientCertFile === undefined && clientKeyFile === undefined) return {};
  if (clientCertFile === undefined || clientKeyFile === undefined) {
    const [given, missing] =
      clientCertFile === undefined ? ["--client-key", "--client-cert"] : ["--client-cert", "--client-key"];
    throw new UsageError(`${given} was given without ${missing}`, { hint: "a client certificate needs both" });
  }
  const cert = await readPem(clientCertFile, "--client-cert", ports);
  return { certificate: { cert, key: await readPem(clientKeyFile, "--client-key", ports) } };
}

/** What TLS would pass over in silence, and then trust nothing of, is told. */
async function readAuthorities(path: string, ports: RegistryPorts): Promise<string> {
  const text = await readPem(path, "--ca-file", ports);
  const { certificates, problems } = readCertificates(text);
  const [problem = certificates.length === 0 ? "it holds no certificate" : undefined] = problems;
  if (problem === undefined) return text;
  throw new UsageError(`${path}, given with --ca-file, cannot be used: ${problem}`, {
    hint: "give the authority's certificate in PEM form, of several each beginning on a line of its own",
  });
}

async function readPem(path: string, flag: string, ports: RegistryPorts): Promise<string> {
  const text = await readFile(path, flag, ports);
  if (text.includes("-----BEGIN ")) return text;
  throw new UsageError(`${path}, given with ${flag}, is not a PEM file`, {
    hint: "it must have a line -----BEGIN …-----; convert DER with openssl x509 -inform der -in FILE",
  });
}

async function readFile(path: string, flag: string, { fs }: RegistryPorts): Promise<string> {
  const text = await fs.readTextIfPresent(path);
  if (text === undefined)
    throw new UsageError(`${path}, given with ${flag}, does not exist`, { hint: "check the path" });
  return text;
}
