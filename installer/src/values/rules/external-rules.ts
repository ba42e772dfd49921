import { findHostNameFault, isIpv4, isLoopbackName } from "../host-names.ts";
import type { Finding } from "../schema-issues.ts";
import type { Values } from "../values.generated.ts";
import { type Rule, wrongValue } from "./rule.ts";

type ExternalName = "postgres" | "redis" | "objectStore" | "nats" | "gitaly" | "registry" | "temporal" | "casdoor";

interface ExternalNeeds {
  /** Keys that must not be empty. */
  readonly required: readonly string[];
  /** A secret and the key of the file that may hold it instead; exactly one of the two must be given. */
  readonly secret?: readonly [inline: string, file: string];
}

const needs: Readonly<Record<ExternalName, ExternalNeeds>> = {
  postgres: {
    required: ["host"],
    secret: ["adminPassword", "adminPasswordFile"],
  },
  redis: { required: ["host"], secret: ["password", "passwordFile"] },
  objectStore: {
    required: ["endpoint", "accessKey"],
    secret: ["secretKey", "secretKeyFile"],
  },
  nats: { required: ["host", "user"], secret: ["password", "passwordFile"] },
  gitaly: { required: ["host"], secret: ["token", "tokenFile"] },
  registry: { required: ["url", "user"], secret: ["password", "passwordFile"] },
  temporal: { required: ["host"] },
  casdoor: {
    required: ["url", "clientId", "certificateFile"],
    secret: ["clientSecret", "clientSecretFile"],
  },
};

/** Rules about services that exist elsewhere. */
export const externalRules: readonly Rule[] = [
  ...(Object.keys(needs) as ExternalName[]).map((name) => ({
    reads: [`${name}.mode`, `${name}.external`],
    check: (values: Values) => (values[name].mode === "external" ? checkExternal(values, name) : []),
  })),
];

function checkExternal(values: Values, name: ExternalName): readonly Finding[] {
  const external: Readonly<Record<string, unknown>> = values[name].external;
  return [
    ...needs[name].required.filter((key) => external[key] === "").map((key) => describeMissing(name, key)),
    ...checkSecret(name, external),
    ...["host", "endpoint", "publicEndpoint", "url"].flatMap((key) =>
      checkAddress(`${name}.external.${key}`, external[key]),
    ),
  ];
}

function describeMissing(name: ExternalName, key: string): Finding {
  return {
    path: [name, "external", key],
    message: `is empty, but ${name}.mode is external and needs it`,
    causes: [`${name}.mode`],
  };
}

function checkSecret(name: ExternalName, external: Readonly<Record<string, unknown>>): readonly Finding[] {
  const { secret } = needs[name];
  if (secret === undefined) return [];
  const [inline, file] = secret;
  const given = secret.filter((key) => external[key] !== "").length;
  const path = [name, "external", inline];
  if (given === 2)
    return [
      {
        path,
        message: `is given together with ${file}, allowed is exactly one of the two`,
        causes: [`${name}.external.${file}`],
      },
    ];
  if (given === 1) return [];
  const message = `is empty and so is ${file}, but ${name}.mode is external; give exactly one of the two`;
  return [{ path, message, causes: [`${name}.mode`] }];
}

function checkAddress(path: string, value: unknown): readonly Finding[] {
  if (typeof value !== "string" || value === "") return [];
  const isUrl = value.includes("://");
  const allowed = isUrl
    ? "allowed is a URL such as https://s3.corp.example"
    : "allowed is a host name or an IPv4 address";
  if (isUrl && !URL.canParse(value)) return [wrongValue(path, value, "is not a URL that programs can read", allowed)];
  const host = isUrl ? new URL(value).hostname : value;
  const fault = isIpv4(host) ? undefined : findHostNameFault(host);
  if (fault !== undefined) return [wrongValue(path, value, fault, allowed)];
  // Only people's programs use the public endpoint, and theirs may run on this host.
  if (!isLoopbackName(host) || path.endsWith(".publicEndpoint")) return [];
  const wrong = "means the container itself when it is read inside a container";
  return [wrongValue(path, value, wrong, "allowed is a name or address that containers reach")];
}
