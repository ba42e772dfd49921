import type { Fields } from "../../language/fields.ts";
import type { FoundAddress } from "./found.ts";
import { isExample, requireDomain } from "./found-domain.ts";
import { type ClusterObject, textsOf } from "./helm-objects.ts";
import type { Problems } from "./refusal.ts";
import { textAt } from "./yaml-documents.ts";

/** Where people reach a release: as its programs are told, or as the values say it. */
export function helmAddress(values: Fields, objects: readonly ClusterObject[], problems: Problems): FoundAddress {
  const told = new Map(objects.filter(({ kind }) => kind === "ConfigMap").flatMap(textsOf));
  const { domain, tls, port } = publicAddress(values, told.get("STARHUB_SERVER_PUBLIC_DOMAIN"), problems);
  const apps = told.get("STARHUB_SERVER_PUBLIC_ROOT_DOMAIN") ?? textAt(values, "global.gateway.external.public");
  const [appsDomain = ""] = apps.split(":");
  const ssh = /:(\d+)$/.exec(told.get("STARHUB_SERVER_SSH_DOMAIN") ?? "")?.[1] ?? "22";
  const web = port === "" ? {} : { [tls ? "https" : "http"]: Number(port) };
  return {
    ...{ domain, tls, ports: { ...web, ssh: Number(ssh) } },
    ...(appsDomain === "" || isExample(appsDomain) ? {} : { appsDomain }),
  };
}

interface PublicAddress extends Pick<FoundAddress, "domain" | "tls"> {
  /** The empty text where it is the scheme's own. */
  readonly port: string;
}

function publicAddress(values: Fields, told: string | undefined, problems: Problems): PublicAddress {
  const key = "global.gateway.external.domain";
  const given = textAt(values, key);
  if (told === undefined || !URL.canParse(told)) {
    const tls = textAt(values, "global.gateway.tls.enabled") === "true";
    return { domain: requireDomain(key, given, problems), tls, port: "" };
  }
  const { hostname, protocol, port } = new URL(told);
  if (given !== "" && hostname !== given.toLowerCase()) {
    problems.add(`the values say ${given} and the manifest ${hostname}: they are not of one release`);
  }
  return { domain: requireDomain(key, hostname, problems), tls: protocol === "https:", port };
}
