import { join } from "node:path";
import { PreflightError, UsageError } from "../../errors/installer-error.ts";
import { repositoryCredential } from "../../plan/groups/backup-repository.ts";
import type { Values } from "../../values/values.generated.ts";
import type { ActionPorts } from "../context.ts";

/** Where the backups are that a platform is brought back from. */
export interface RestoreFrom {
  /** Absolute path of a directory, `claim:NAME`, or an address: `rest:https://…`, `s3:https://…` or `sftp://…`. */
  readonly from: string;
  /** `key=value` in place of what the backup's values say; of a server also what lets one in. */
  readonly set: readonly string[];
}

type Repository = Values["backup"]["repository"];

const keys: readonly (keyof Repository)[] = [
  ...(["region", "accessKey", "secretKey", "secretKeyFile", "user", "password", "passwordFile"] as const),
  ...(["privateKeyFile", "hostKey"] as const),
];

const claimPrefix = "claim:";

/** Whether the text is the path of a directory, and neither a claim nor an address. */
export function isPath(from: string): boolean {
  return !from.startsWith(claimPrefix) && !/^(?:rest|s3|sftp|https?):/.test(from);
}

/**
 * Values with which backups are there, wherever they were before.
 * @param here `key=value` that say where the platform is now
 * @throws UsageError for an address that does not say of which kind it is
 */
export function setsFrom({ from, set }: RestoreFrom, here: readonly string[] = []): readonly string[] {
  const repository = (key: string, value: string): string => `backup.repository.${key}=${value}`;
  const { directory, claim, kind, url } = placeOf(from);
  return [
    ...keys.map((key) => repository(key, "")),
    ...set,
    ...here,
    ...["backup.mode=embedded", `backup.directory=${directory}`, `backup.claim=${claim}`],
    ...[repository("kind", kind), repository("url", url)],
  ];
}

/**
 * The same for who only reads backups, and knows nothing else of the platform yet: where its jobs run and images are had, and what lets
 * one in.
 */
export function readerSetsFrom({ from, set }: RestoreFrom, here: readonly string[] = []): readonly string[] {
  const known = set.filter((one) => /^(?:backup\.repository|tls\.trustedCaFile\b|cluster\.|images\.)/.test(one));
  return setsFrom({ from, set: known }, here);
}

interface Place extends Pick<Repository, "kind" | "url"> {
  readonly directory: string;
  readonly claim: string;
}

function placeOf(from: string): Place {
  const nowhere = { directory: "", claim: "", url: "" };
  if (from.startsWith(claimPrefix)) return { ...nowhere, kind: "directory", claim: from.slice(claimPrefix.length) };
  if (isPath(from)) return { ...nowhere, kind: "directory", directory: from };
  const [, kind, url = from] = /^(rest|s3):(.*)$/.exec(from) ?? [];
  if (kind === "rest" || kind === "s3") return { ...nowhere, kind, url };
  if (from.startsWith("sftp:")) return { ...nowhere, kind: "sftp", url: from };
  throw new UsageError(`${from} does not say what kind of server this is`, {
    hint: `rest:${from} is a rest-server, s3:${from} a bucket`,
  });
}

/**
 * Looks for what every repository in a directory has, before anything is made. Where this user may not look, the job will; and it asks servers.
 * @throws PreflightError when there is none
 */
export async function requireRepository(from: string, { fs }: Pick<ActionPorts, "fs">): Promise<void> {
  if (!isPath(from)) return;
  if (await fs.exists(join(from, "config")).catch(() => true)) return;
  throw new PreflightError(`there are no backups in ${from}`, {
    hint: "--from names the directory that backup.directory of the values named; if it is on another machine, mount it first",
  });
}

/** Where a platform keeps its own backups; a secret is taken from the folder that its secrets are in. */
export function ownRepository({ backup, tls }: Pick<Values, "backup" | "tls">, secrets: string): RestoreFrom {
  const { directory, claim, repository } = backup;
  const { kind, url } = repository;
  if (kind === "directory") return { from: claim === "" ? directory : `${claimPrefix}${claim}`, set: [] };
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
