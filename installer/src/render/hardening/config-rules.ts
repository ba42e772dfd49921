import { type Problem, problemIf, type Rules } from "./hardening-input.ts";
import { secretsInText } from "./secret-text.ts";

/** A configuration file of a container; secrets stand in it as slots. */
export interface ConfigText {
  /** Unit and path in the container. */
  readonly where: string;
  readonly path: string;
  readonly text: string;
}

/** Rules over configuration files, the same on both targets: a file is known by its name. */
export const configRules: Rules<readonly ConfigText[]> = {
  S12: each(({ where, text }) => secretsInText(where, text)),
  S16: each(({ where, path, text }) => [
    ...problemIf(/sslmode=disable|"tls": "off"/.test(text), where, "talks to PostgreSQL without TLS"),
    ...(path.endsWith("nginx.conf") && /listen [^;]*\bssl\b/.test(text) ? weakTls(where, text) : []),
  ]),
  S23: each(({ where, path, text }) => [
    ...(path.endsWith("pg_hba.conf")
      ? problemIf(/^[^#\n]*\s(?:trust|password|md5)\s*$/m.test(text), where, "lets someone in without scram-sha-256")
      : []),
    ...(path.endsWith("postgresql.conf")
      ? problemIf(
          !/^password_encryption = scram-sha-256$/m.test(text),
          where,
          "does not hash passwords by scram-sha-256",
        )
      : []),
  ]),
  S24: each(({ where, path, text }) =>
    /\/(?:valkey|redis)\.conf$/.test(path)
      ? [
          ...problemIf(!/^(?:requirepass \S|aclfile )/m.test(text), where, "lets clients in without a password"),
          ...problemIf(!/^(?:aclfile|user (?!default))/m.test(text), where, "has one user for every service"),
        ]
      : [],
  ),
  S26: each(({ where, path, text }) =>
    path.endsWith("/distribution/config.yml")
      ? [
          ...problemIf(!/^\s*"?auth"?:/m.test(text), where, "lets everyone in"),
          ...problemIf(
            /^\s*"?htpasswd"?:/m.test(text),
            where,
            "cannot tell who may delete: htpasswd knows users, not rights",
          ),
        ]
      : [],
  ),
  S31: each(({ where, text }) =>
    problemIf(/^\s*"?(?:debug|trace)"?\s*[:=]\s*"?(?:true|on|1)\b/im.test(text), where, "debug or trace output is on"),
  ),
};

function each(rule: (file: ConfigText) => readonly Problem[]): (files: readonly ConfigText[]) => readonly Problem[] {
  return (files) => files.flatMap(rule);
}

function weakTls(where: string, text: string): readonly Problem[] {
  const versions = /ssl_protocols ([^;]+);/.exec(text)?.[1]?.split(/\s+/) ?? [];
  const strong = versions.length > 0 && versions.every((version) => version === "TLSv1.2" || version === "TLSv1.3");
  return problemIf(!strong, where, "does not limit TLS to 1.2 and 1.3");
}
