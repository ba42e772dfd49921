import { isIpv4 } from "../../values/host-names.ts";
import type { FoundInstallation } from "./found.ts";
import { programOf } from "./vendor-programs.ts";

/** What a person has to know or do that no table shows. */
export function adviceOn(found: FoundInstallation, missing: readonly string[]): readonly string[] {
  return [
    ...found.notes,
    ...aboutEdition(found),
    ...aboutAddresses(found),
    ...aboutTls(found),
    ...aboutHostKeys(found),
    ...aboutOutside(found),
    ...missing.map((path) => `${path} has to be made: it holds the new password of that service and nothing else`),
  ];
}

function aboutEdition({ edition }: FoundInstallation): readonly string[] {
  if (edition === undefined || edition === "ce") return [];
  return [
    `edition ${edition} runs there, and only ce can be installed here: what its closed programs keep stays behind, and so do their functions`,
  ];
}

/** Below a name with a dot sign-in and object store have names of their own here. */
function aboutAddresses({ source, address }: FoundInstallation): readonly string[] {
  const { domain } = address;
  const ssh =
    source === "helm" && address.ports["ssh"] === 22
      ? ["Git over SSH had port 22, which on one host its own SSH server has: set ports.ssh to another one there"]
      : [];
  if (isIpv4(domain) || !domain.includes(".")) return ssh;
  return [
    `sign-in is at casdoor.${domain} and the object store at s3.${domain} here: both names have to lead to the host${address.tls ? ", and a certificate has to cover them" : ""}`,
    ...ssh,
  ];
}

function aboutTls({ address, tls }: FoundInstallation): readonly string[] {
  if (!address.tls)
    return [
      "people reach it by plain HTTP there, and the values keep that: set tls.mode to self-signed or files to end it",
    ];
  if (tls !== undefined) return [];
  return [
    "the certificate is not in these files, so a certificate of its own would be made: set tls.mode to files, with certFile and keyFile, to go on with yours",
  ];
}

function aboutHostKeys({ workloads }: FoundInstallation): readonly string[] {
  if (!workloads.some(({ image }) => programOf(image)?.component === "gitlab-shell")) return [];
  return [
    "the SSH server gets new keys: Git programs of people warn of that once, and people remove the old key from known_hosts",
  ];
}

function aboutOutside({ outside }: FoundInstallation): readonly string[] {
  if (outside.length === 0) return [];
  return [
    "services elsewhere are shared with the old installation as soon as these values are installed: stop that one, and back the services up, before",
  ];
}
