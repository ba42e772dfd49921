import { findHostNameFault, isIpv4, isLoopbackName } from "../host-names.ts";
import type { Finding } from "../schema-issues.ts";
import { type ExternalNeeds, type Section, valuesOf } from "../section.ts";
import type { Values } from "../values.generated.ts";
import { becauseOf, type Rule, wrongValue } from "./rule.ts";

/** Rules about services that exist elsewhere. */
export function externalRules(sections: readonly Section[]): readonly Rule[] {
  return sections.flatMap(({ key, external }) =>
    external === undefined
      ? []
      : {
          reads: ["availability", `${key}.mode`, `${key}.external`],
          check: (values: Values) => [
            ...checkExternal(values, key, external),
            ...checkAvailability(values, key, external),
          ],
        },
  );
}

function checkAvailability(values: Values, name: string, { whereHigh }: ExternalNeeds): readonly Finding[] {
  const { mode } = valuesOf(values, name);
  if (values.availability !== "high" || whereHigh !== true || mode !== "embedded") return [];
  const wrong = "would be one service with its data on one disk, but availability is high";
  return [becauseOf(wrongValue(`${name}.mode`, mode, wrong, "allowed is external"), "availability")];
}

function checkExternal(values: Values, name: string, needs: ExternalNeeds): readonly Finding[] {
  const { mode, external = {} } = valuesOf(values, name);
  if (mode !== "external") return [];
  return [
    ...needs.required.filter((key) => external[key] === "").map((key) => describeMissing(name, key)),
    ...checkSecret(name, external, needs),
    ...["host", "endpoint", "publicEndpoint", "url"].flatMap((key) =>
      checkAddress(`${name}.external.${key}`, external[key]),
    ),
  ];
}

function describeMissing(name: string, key: string): Finding {
  return {
    path: [name, "external", key],
    message: `is empty, but ${name}.mode is external and needs it`,
    causes: [`${name}.mode`],
  };
}

function checkSecret(
  name: string,
  external: Readonly<Record<string, unknown>>,
  { secret, instead }: ExternalNeeds,
): readonly Finding[] {
  if (secret === undefined) return [];
  const [inline, file] = secret;
  const given = secret.filter((key) => external[key] !== "").length;
  const path = [name, "external", inline];
  if (instead !== undefined && external[instead] !== "")
    return givenBeside(
      name,
      instead,
      secret.filter((key) => external[key] !== ""),
    );
  if (given === 2)
    return [
      {
        path,
        message: `is given together with ${file}, allowed is exactly one of the two`,
        causes: [`${name}.external.${file}`],
      },
    ];
  if (given === 1) return [];
  const other = instead === undefined ? "" : `, or ${instead}`;
  const message = `is empty and so is ${file}, but ${name}.mode is external; give exactly one of the two${other}`;
  return [{ path, message, causes: [`${name}.mode`] }];
}

function givenBeside(name: string, instead: string, given: readonly string[]): readonly Finding[] {
  return given.map((key) => ({
    path: [name, "external", key],
    message: `is given together with ${instead}, which takes its place; allowed is one of the two`,
    causes: [`${name}.external.${instead}`],
  }));
}

/** What is wrong with a host name or URL that containers are to reach; the empty text is none. */
export function checkAddress(path: string, value: unknown): readonly Finding[] {
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
