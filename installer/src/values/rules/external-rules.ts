import { findHostNameFault, isIpv4, isLoopbackName } from "../host-names.ts";
import type { Finding } from "../schema-issues.ts";
import type { Values } from "../values.generated.ts";
import { type Rule, wrongValue } from "./rule.ts";

type ExternalName = "postgres" | "redis" | "objectStore" | "nats" | "gitaly" | "registry" | "temporal" | "casdoor";

interface ExternalNeeds {
  /** Keys that must not be empty. */
  readonly required: readonly string[];
  /** A secret and the key of the file that may hold it instead. */
  readonly secret?: readonly [inline: string, file: string];
  /** `exactlyOne` of the two must be given; `atMostOne` when the service may do without. */
  readonly secretRule?: "exactlyOne" | "atMostOne";
}

const needs: Readonly<Record<ExternalName, ExternalNeeds>> = {
  postgres: {
    required: ["host"],
    secret: ["adminPassword", "adminPasswordFile"],
    secretRule: "exactlyOne",
  },
  redis: { required: ["host"], secret: ["password", "passwordFile"], secretRule: "atMostOne" },
  objectStore: {
    required: ["endpoint", "accessKey"],
    secret: ["secretKey", "secretKeyFile"],
    secretRule: "exactlyOne",
  },
  nats: { required: ["host"], secret: ["password", "passwordFile"], secretRule: "atMostOne" },
  gitaly: { required: ["host"], secret: ["token", "tokenFile"], secretRule: "exactlyOne" },
  registry: { required: ["url", "user"], secret: ["password", "passwordFile"], secretRule: "exactlyOne" },
  temporal: { required: ["host"] },
  casdoor: {
    required: ["url", "clientId", "certificateFile"],
    secret: ["clientSecret", "clientSecretFile"],
    secretRule: "exactlyOne",
  },
};

/** Rules about services that exist elsewhere. */
export const externalRules: readonly Rule[] = [
  ...(Object.keys(needs) as ExternalName[]).map((name) => ({
    reads: [`${name}.mode`, `${name}.external`],
    check: (values: Values) => (values[name].mode === "external" ? checkExternal(values, name) : []),
  })),
  { reads: ["nats.mode", "nats.external"], check: checkNatsUser },
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
  const { secret, secretRule } = needs[name];
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
  if (given === 1 || secretRule === "atMostOne") return [];
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

function checkNatsUser({ nats }: Values): readonly Finding[] {
  if (nats.mode !== "external") return [];
  const { user, password, passwordFile } = nats.external;
  const hasPassword = password !== "" || passwordFile !== "";
  if (hasPassword && user === "") {
    const message = "is empty, but a password is given; name the user";
    return [
      { path: ["nats", "external", "user"], message, causes: ["nats.external.password", "nats.external.passwordFile"] },
    ];
  }
  if (!hasPassword && user !== "") {
    const message = "is empty and so is passwordFile, but a user is given; give exactly one of the two";
    return [{ path: ["nats", "external", "password"], message, causes: ["nats.external.user"] }];
  }
  return [];
}
