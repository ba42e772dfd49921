import { readPort, type Variables } from "./dotenv.ts";
import type { FoundOutside, Workload } from "./found.ts";
import type { Problems } from "./refusal.ts";

/** What a Compose tree uses and does not run. Each is switched by a variable: `1` or nothing set means that it runs here. */
export function composeOutside(
  variables: Variables,
  workloads: readonly Workload[],
  problems: Problems,
): readonly FoundOutside[] {
  const sources = { variables, workloads, problems };
  return [...database(sources), ...objects(sources), ...images(sources), ...repositories(sources)];
}

interface Sources {
  readonly variables: Variables;
  readonly workloads: readonly Workload[];
  readonly problems: Problems;
}

function isElsewhere({ variables }: Sources, name: string): boolean {
  const value = variables.get(name);
  return value !== undefined && value !== "1" && value !== "true";
}

function need({ variables, problems }: Sources, flag: string, name: string): string {
  const value = variables.get(name) ?? "";
  if (value === "") problems.add(`.env ${flag} says that a service elsewhere is used, and ${name} is empty`);
  return value;
}

/** A name without a dot that a service of the tree has: the service here, although another variable says elsewhere. */
function refuseOwn({ workloads, problems }: Sources, flag: string, name: string, host: string): void {
  if (!workloads.some((workload) => workload.name === host)) return;
  problems.add(`.env ${flag} says that a service elsewhere is used, and ${name} names ${host}, which runs here`);
}

function secretOf(sources: Sources, flag: string, name: string, key: string) {
  return { key, value: need(sources, flag, name), where: `.env ${name}` };
}

function database(sources: Sources): readonly FoundOutside[] {
  const flag = "POSTGRES_ENABLED";
  if (!isElsewhere(sources, flag)) return [];
  const host = need(sources, flag, "POSTGRES_HOST");
  refuseOwn(sources, flag, "POSTGRES_HOST", host);
  const name = "POSTGRES_PORT";
  const port = readPort(
    { name: `.env ${name}`, value: sources.variables.get(name), otherwise: 5432 },
    sources.problems,
  );
  const secret = secretOf(sources, flag, "POSTGRES_PASSWORD", "adminPasswordFile");
  // The tree's own connections are all without encryption.
  const settings = { host, port, adminUser: need(sources, flag, "POSTGRES_USER"), sslMode: "disable" };
  return [{ section: "postgres", at: `${host}:${port}`, settings, secret }];
}

function objects(sources: Sources): readonly FoundOutside[] {
  const flag = "MINIO_ENABLED";
  if (!isElsewhere(sources, flag)) return [];
  const { variables } = sources;
  const address = need(sources, flag, "MINIO_ENDPOINT");
  refuseOwn(sources, flag, "MINIO_ENDPOINT", address.split(":")[0] ?? "");
  const endpoint = `${variables.get("MINIO_ENABLE_SSL") === "true" ? "https" : "http"}://${address}`;
  const settings = {
    endpoint,
    accessKey: need(sources, flag, "MINIO_ROOT_USER"),
    addressing: variables.get("USING_PATH_STYLE") === "false" ? "virtual-host" : "path",
  };
  const secret = secretOf(sources, flag, "MINIO_ROOT_PASSWORD", "secretKeyFile");
  return [{ section: "objectStore", at: endpoint, settings, secret }];
}

function images(sources: Sources): readonly FoundOutside[] {
  const flag = "REGISTRY_ENABLED";
  if (!isElsewhere(sources, flag)) return [];
  const address = need(sources, flag, "REGISTRY_ADDRESS");
  const isPlain = (sources.variables.get("KANIKO_ARGS") ?? "").split(",").includes("--insecure");
  const url = `${isPlain ? "http" : "https"}://${address}`;
  const settings = { url, user: need(sources, flag, "REGISTRY_USERNAME") };
  return [
    { section: "registry", at: url, settings, secret: secretOf(sources, flag, "REGISTRY_PASSWORD", "passwordFile") },
  ];
}

function repositories(sources: Sources): readonly FoundOutside[] {
  const flag = "GITALY_ENABLED";
  if (!isElsewhere(sources, flag)) return [];
  const socket = need(sources, flag, "GITALY_SERVER_SOCKET");
  const [, host = "", port = ""] = /^tcp:\/\/([^/:]+):(\d+)$/.exec(socket) ?? [];
  if (socket !== "" && host === "")
    sources.problems.add(".env GITALY_SERVER_SOCKET is not of the form tcp://HOST:PORT");
  refuseOwn(sources, flag, "GITALY_SERVER_SOCKET", host);
  const settings = {
    host,
    port: readPort({ name: ".env GITALY_SERVER_SOCKET", value: port, otherwise: 8075 }, sources.problems),
    storage: sources.variables.get("GITALY_STORAGE") ?? "default",
  };
  const secret = secretOf(sources, flag, "GITALY_AUTH_TOKEN", "tokenFile");
  return [{ section: "gitaly", at: socket, settings, secret }];
}
