import type { CheckContext, CheckFinding } from "../../targets/check.ts";
import { checkDirectory } from "../../targets/host/directories.ts";
import { checkTlsFiles, type TlsFiles } from "../preflight/checks/tls-files.ts";

export type PathPorts = Pick<CheckContext, "fs" | "host" | "clock">;

/** What keeps the file from being the certificate of the platform, or undefined. */
export async function checkCertificate(path: string, domain: string, ports: PathPorts): Promise<string | undefined> {
  return notAbsolute(path) ?? checkFiles({ certFile: path, caFile: "", names: [domain] }, ports);
}

/** What keeps the file from being the key of the certificate, or undefined. */
export async function checkKey(
  path: string,
  { certFile, domain }: { readonly certFile: string; readonly domain: string },
  ports: PathPorts,
): Promise<string | undefined> {
  return notAbsolute(path) ?? checkFiles({ certFile, keyFile: path, caFile: "", names: [domain] }, ports);
}

/** What keeps data from being kept in the directory, which may not be there yet; or undefined. */
export async function checkDataDirectory(path: string, ports: PathPorts): Promise<string | undefined> {
  return notAbsolute(path) ?? tell(await checkDirectory(ports, path, "directory"));
}

function notAbsolute(path: string): string | undefined {
  return path.startsWith("/") ? undefined : "must be an absolute path";
}

async function checkFiles(files: TlsFiles, ports: PathPorts): Promise<string | undefined> {
  return tell(await checkTlsFiles(files, ports));
}

/** What would only be warned of later does not stop anybody here. */
function tell(findings: readonly CheckFinding[]): string | undefined {
  const first = findings.find(({ severity }) => severity !== "warning");
  return first === undefined ? undefined : `${first.message}; ${first.remedy}`;
}
