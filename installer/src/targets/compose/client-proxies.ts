import { fieldsOf } from "../../language/fields.ts";
import type { ComposePorts } from "./compose-ports.ts";

/** What an entry under `proxies` of Docker's configuration becomes in containers, besides the same in small letters. */
const variables: Readonly<Record<string, string>> = {
  httpProxy: "HTTP_PROXY",
  httpsProxy: "HTTPS_PROXY",
  ftpProxy: "FTP_PROXY",
  noProxy: "NO_PROXY",
  allProxy: "ALL_PROXY",
};

/**
 * The variables that the docker program would put into every container because of `proxies` in the user's Docker configuration. They are
 * meant for programs that speak to the world; services that speak to each other by name would look for each other at the proxy.
 */
export async function clientProxyVariables({
  fs,
  environment,
}: Pick<ComposePorts, "fs" | "environment">): Promise<readonly string[]> {
  const { HOME: home, DOCKER_CONFIG: named = "" } = environment;
  const folder = named !== "" || home === undefined ? named : `${home}/.docker`;
  const text = folder === "" ? undefined : await fs.readTextIfPresent(`${folder}/config.json`).catch(() => undefined);
  const entries = Object.values(fieldsOf(fieldsOf(parse(text ?? ""))["proxies"])).map(fieldsOf);
  const names = Object.entries(variables).flatMap(([key, name]) =>
    entries.some((entry) => typeof entry[key] === "string" && entry[key] !== "") ? [name, name.toLowerCase()] : [],
  );
  return names.sort();
}

/** Who cannot read the file, or finds nothing in it, finds no proxies there either: nor does the docker program. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
