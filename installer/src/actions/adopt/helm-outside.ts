import { type Fields, fieldsOf } from "../../language/fields.ts";
import { readPort } from "./dotenv.ts";
import type { FoundMail, FoundOutside } from "./found.ts";
import type { Problems } from "./refusal.ts";
import { textAt, valueAt } from "./yaml-documents.ts";

/** What a release uses and does not run: of each such service the values say `enabled: false`, and where it is. */
export function helmOutside(values: Fields, file: string, problems: Problems): readonly FoundOutside[] {
  return services.flatMap(({ key, build }) => {
    if (textAt(values, `global.${key}.enabled`) !== "false") return [];
    const path = `global.${key}.external`;
    const external = fieldsOf(valueAt(values, path));
    const need = (name: string): string => {
      const value = textAt(external, name);
      if (value === "") problems.add(`${file} global.${key}.enabled is false, and ${path}.${name} is empty`);
      return value;
    };
    const port = (otherwise: number): number =>
      readPort({ name: `${file} ${path}.port`, value: textAt(external, "port"), otherwise }, problems);
    return [build({ external, need, port, where: `${file} ${path}`, problems })];
  });
}

interface Outside {
  readonly external: Fields;
  /** A field that has to be there. */
  readonly need: (name: string) => string;
  readonly port: (otherwise: number) => number;
  readonly where: string;
  readonly problems: Problems;
}

interface Service {
  /** Section of the chart's values. */
  readonly key: string;
  readonly build: (outside: Outside) => FoundOutside;
}

/** How connections are encrypted, in our words: one that takes what it gets is asked for encryption. */
const sslModes: Readonly<Record<string, string>> = {
  "": "require",
  prefer: "require",
  allow: "require",
  require: "require",
  disable: "disable",
  "verify-ca": "verify-ca",
  "verify-full": "verify-full",
};

const services: readonly Service[] = [
  {
    key: "postgresql",
    build: ({ external, need, port, where, problems }) => {
      const host = need("host");
      const given = textAt(external, "sslmode");
      const sslMode = sslModes[given] ?? "require";
      if (sslModes[given] === undefined)
        problems.add(`${where}.sslmode is none that there is (got ${JSON.stringify(given)})`);
      const settings = { host, port: port(5432), adminUser: need("user"), sslMode };
      const secret = { key: "adminPasswordFile", value: need("password"), where: `${where}.password` };
      return { section: "postgres", at: `${host}:${settings.port}`, settings, secret };
    },
  },
  {
    key: "redis",
    build: ({ need, port, where }) => {
      const settings = { host: need("host"), port: port(6379) };
      const secret = { key: "passwordFile", value: need("password"), where: `${where}.password` };
      return { section: "redis", at: `${settings.host}:${settings.port}`, settings, secret };
    },
  },
  {
    key: "objectStore",
    build: ({ external, need, where }) => {
      const address = need("endpoint");
      const scheme = textAt(external, "secure") === "true" ? "https" : "http";
      const endpoint = address.includes("://") ? address : `${scheme}://${address}`;
      const addressing = textAt(external, "pathStyle") === "false" ? "virtual-host" : "path";
      const settings = { endpoint, accessKey: need("accessKey"), addressing };
      const secret = { key: "secretKeyFile", value: need("secretKey"), where: `${where}.secretKey` };
      return { section: "objectStore", at: endpoint, settings, secret };
    },
  },
  {
    key: "registry",
    build: ({ external, need, where }) => {
      const url = `${textAt(external, "insecure") === "true" ? "http" : "https"}://${need("registry")}`;
      const settings = { url, user: need("username") };
      return {
        section: "registry",
        at: url,
        settings,
        secret: { key: "passwordFile", value: need("password"), where: `${where}.password` },
      };
    },
  },
  {
    key: "gitaly",
    build: ({ external, need, port, where, problems }) => {
      const scheme = textAt(external, "scheme") || "tcp";
      if (scheme !== "tcp") problems.add(`${where}.scheme is ${scheme}, and only tcp can be used here`);
      const settings = { host: need("host"), port: port(8075), storage: textAt(external, "storage") || "default" };
      const secret = { key: "tokenFile", value: need("token"), where: `${where}.token` };
      return { section: "gitaly", at: `${settings.host}:${settings.port}`, settings, secret };
    },
  },
];

/** The mail server, where one is named. */
export function helmMail(values: Fields, file: string, problems: Problems): FoundMail | undefined {
  const path = "notifier.smtp";
  const host = textAt(values, `${path}.host`);
  if (host === "") return undefined;
  const password = textAt(values, `${path}.password`);
  return {
    host,
    port: readPort({ name: `${file} ${path}.port`, value: textAt(values, `${path}.port`), otherwise: 465 }, problems),
    user: textAt(values, `${path}.username`),
    ...(password === "" ? {} : { secret: { value: password, where: `${file} ${path}.password` } }),
  };
}
