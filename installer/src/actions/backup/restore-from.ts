import { join } from "node:path";
import { PreflightError, UsageError } from "../../errors/installer-error.ts";
import { repositoryCredential } from "../../plan/groups/backup-repository.ts";
import type { Values } from "../../values/values.generated.ts";
import type { ActionPorts } from "../context.ts";

/** Where the backups are that a platform is brought back from. */
export interface RestoreFrom {
  /** Absolute path of a directory, or an address: `rest:https://…`, `s3:https://…` or `sftp://…`. */
  readonly from: string;
  /** `key=value` in place of what the backup's values say; of a server also what lets one in. */
  readonly set: readonly string[];
}

type Repository = Values["backup"]["repository"];

const keys: readonly (keyof Repository)[] = [
  ...(["region", "accessKey", "secretKey", "secretKeyFile", "user", "password", "passwordFile"] as const),
  ...(["privateKeyFile", "hostKey"] as const),
];

/** Whether the text is an address, and no path. */
export function isAddress(from: string): boolean {
  return /^(?:rest|s3|sftp|https?):/.test(from);
}

/**
 * Values with which backups are there, wherever they were before.
 * @throws UsageError for an address that does not say of which kind it is
 */
export function setsFrom({ from, set }: RestoreFrom): readonly string[] {
  const repository = (key: string, value: string): string => `backup.repository.${key}=${value}`;
  const { kind, url } = placeOf(from);
  return [
    ...keys.map((key) => repository(key, "")),
    ...set,
    ...["backup.mode=embedded", `backup.directory=${kind === "directory" ? from : ""}`],
    ...[repository("kind", kind), repository("url", url)],
  ];
}

/** The same for who only reads backups, and knows nothing else of the platform yet. */
export function readerSetsFrom({ from, set }: RestoreFrom): readonly string[] {
  return setsFrom({ from, set: set.filter((one) => /^(?:backup\.repository|tls\.trustedCaFile\b)/.test(one)) });
}

function placeOf(from: string): Pick<Repository, "kind" | "url"> {
  if (!isAddress(from)) return { kind: "directory", url: "" };
  const [, kind, url = from] = /^(rest|s3):(.*)$/.exec(from) ?? [];
  if (kind === "rest" || kind === "s3") return { kind, url };
  if (from.startsWith("sftp:")) return { kind: "sftp", url: from };
  throw new UsageError(`${from} does not say what kind of server this is`, {
    hint: `rest:${from} is a rest-server, s3:${from} a bucket`,
  });
}

/**
 * Looks for what every repository in a directory has, before anything is made. Where this user may not look, the job will; and it asks servers.
 * @throws PreflightError when there is none
 */
export async function requireRepository(from: string, { fs }: Pick<ActionPorts, "fs">): Promise<void> {
  if (isAddress(from)) return;
  if (await fs.exists(join(from, "config")).catch(() => true)) return;
  throw new PreflightError(`there are no backups in ${from}`, {
    hint: "--from names the directory that backup.directory of the values named; if it is on another machine, mount it first",
  });
}

/** Where a platform keeps its own backups; a secret is taken from the folder that its secrets are in. */
export function ownRepository({ backup, tls }: Pick<Values, "backup" | "tls">, secrets: string): RestoreFrom {
  const { directory, repository } = backup;
  const { kind, url } = repository;
  if (kind === "directory") return { from: directory, set: [] };
  const files = { s3: "secretKeyFile", rest: "passwordFile", sftp: "privateKeyFile" } as const;
  const texts = (["region", "accessKey", "user", "hostKey"] as const).filter((key) => repository[key] !== "");
  const isOpen = kind === "rest" && repository.user === "";
  return {
    from: kind === "sftp" ? url : `${kind}:${url}`,
    set: [
      ...texts.map((key) => `backup.repository.${key}=${repository[key]}`),
      ...(isOpen ? [] : [`backup.repository.${files[kind]}=${join(secrets, repositoryCredential)}`]),
      ...(tls.trustedCaFile === "" ? [] : [`tls.trustedCaFile=${tls.trustedCaFile}`]),
    ],
  };
}
