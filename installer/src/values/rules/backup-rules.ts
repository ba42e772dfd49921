import type { Finding } from "../schema-issues.ts";
import type { Values } from "../values.generated.ts";
import { checkAddress } from "./external-rules.ts";
import { becauseOf, type Rule, wrongValue } from "./rule.ts";

/** Backups go somewhere, and not where what they are of lies. */
export const backupRules: readonly Rule[] = [
  { reads: ["backup", "dataDir"], check: checkDirectory },
  { reads: ["backup"], check: checkServer },
  { reads: ["backup", "postgres"], check: checkWal },
];

type Repository = Values["backup"]["repository"];
type RepositoryKind = Repository["kind"];

const root = "backup.repository";
const cause = `${root}.kind`;

function checkDirectory({ backup, dataDir }: Values): readonly Finding[] {
  const { mode, directory, claim, repository } = backup;
  if (mode === "off") return [];
  if (repository.kind !== "directory") return [...unused("directory", backup), ...unused("claim", backup)];
  const path = "backup.directory";
  if (directory === "") {
    if (claim !== "") return [];
    const allowed = "allowed is an absolute path; on a cluster backup.claim takes its place";
    return [wrongValue(path, directory, "is needed to keep backups in", allowed)];
  }
  if (claim !== "") {
    const wrong = "is given beside backup.claim, and backups are kept in one place:";
    const allowed = "allowed is an empty text on a cluster; on one host leave backup.claim out";
    return [becauseOf(wrongValue(path, directory, wrong, allowed), "backup.claim")];
  }
  const isInside = dataDir !== "" && `${directory}/`.startsWith(`${dataDir.replace(/\/+$/, "")}/`);
  if (isInside || directory === "/") {
    const wrong = isInside ? "lies with the data that it keeps copies of" : "is the root of the host";
    return [wrongValue(path, directory, wrong, "allowed is a directory elsewhere, best on another machine's disk")];
  }
  return [];
}

function unused(key: "directory" | "claim", backup: Values["backup"]): readonly Finding[] {
  if (backup[key] === "") return [];
  const wrong = `would not be used, for ${cause} is ${backup.repository.kind}`;
  return [becauseOf(wrongValue(`backup.${key}`, backup[key], wrong, "allowed is an empty text"), cause)];
}

/** What is not backed up has no log to archive, and neither has a server that is not ours. */
function checkWal({ backup, postgres }: Values): readonly Finding[] {
  if (!backup.wal) return [];
  const path = "backup.wal";
  const refused = (why: string, because: string, value: string): Finding =>
    becauseOf(wrongValue(path, true, why, `allowed is false while ${because} is ${value}`), because);
  if (backup.mode === "off") {
    return [refused("would store the log of databases that are not backed up:", "backup.mode", backup.mode)];
  }
  if (postgres.mode === "embedded") return [];
  return [refused("cannot be had of a server that is elsewhere:", "postgres.mode", postgres.mode)];
}

type Key = Exclude<keyof Repository, "kind">;

/** What each kind uses: what it cannot do without, and a secret with the file that may hold it. */
const uses: Readonly<Record<RepositoryKind, { readonly needs: readonly Key[]; readonly may: readonly Key[] }>> = {
  directory: { needs: [], may: [] },
  s3: { needs: ["url", "accessKey"], may: ["region", "secretKey", "secretKeyFile"] },
  rest: { needs: ["url"], may: ["user", "password", "passwordFile"] },
  sftp: { needs: ["url", "privateKeyFile", "hostKey"], may: [] },
};

const inlineSecrets: readonly Key[] = ["secretKey", "password"];

function checkServer({ backup: { mode, repository } }: Values): readonly Finding[] {
  if (mode === "off") return [];
  const { needs, may } = uses[repository.kind];
  const keys = (Object.keys(repository) as (keyof Repository)[]).filter((key) => key !== "kind");
  const isUseless = (key: Key): boolean => repository[key] !== "" && ![...needs, ...may].includes(key);
  return [
    ...needs.filter((key) => repository[key] === "").map((key) => missing(key, repository.kind)),
    ...keys.filter(isUseless).map((key) => useless(key, repository)),
    ...(repository.url === "" || repository.kind === "directory" ? [] : checkUrl(repository)),
    ...(repository.kind === "s3" ? exactlyOne(repository, "secretKey", "secretKeyFile") : []),
    ...(repository.kind === "rest" ? checkLogin(repository) : []),
  ];
}

function missing(key: Key, kind: RepositoryKind): Finding {
  return {
    path: ["backup", "repository", key],
    message: `is empty, but ${cause} is ${kind} and needs it`,
    causes: [cause],
  };
}

function useless(key: Key, repository: Repository): Finding {
  const path = `${root}.${key}`;
  const wrong = `would not be used, for ${cause} is ${repository.kind}`;
  if (!inlineSecrets.includes(key))
    return becauseOf(wrongValue(path, repository[key], wrong, "allowed is an empty text"), cause);
  return { path: path.split("."), message: `${wrong}; leave it empty`, causes: [cause] };
}

const forms: Readonly<Record<Exclude<RepositoryKind, "directory">, { readonly form: RegExp; readonly text: string }>> =
  {
    s3: { form: /^https:\/\/[^/]+\/[^/]+/, text: "https://HOST/BUCKET" },
    rest: { form: /^https:\/\//, text: "https://HOST/PATH" },
    sftp: { form: /^sftp:\/\/[^/]+\/[^/]+/, text: "sftp://USER@HOST/PATH" },
  };

function checkUrl({ kind, url }: Repository): readonly Finding[] {
  if (kind === "directory") return [];
  const { form, text } = forms[kind];
  const path = `${root}.url`;
  if (form.test(url)) return checkAddress(path, url);
  return [becauseOf(wrongValue(path, url, `is no address of kind ${kind}`, `allowed is ${text}`), cause)];
}

function checkLogin(repository: Repository): readonly Finding[] {
  const secrets = (["password", "passwordFile"] as const).filter((key) => repository[key] !== "");
  if (repository.user !== "") return exactlyOne(repository, "password", "passwordFile");
  return secrets.map((key) => ({
    path: ["backup", "repository", key],
    message: `is given without a user; name one in ${root}.user`,
    causes: [`${root}.user`],
  }));
}

function exactlyOne(repository: Repository, inline: Key, file: Key): readonly Finding[] {
  const given = [inline, file].filter((key) => repository[key] !== "").length;
  if (given === 1) return [];
  const path = ["backup", "repository", inline];
  if (given === 0) {
    return [{ path, message: `is empty and so is ${file}; give exactly one of the two`, causes: [cause] }];
  }
  const message = `is given together with ${file}, allowed is exactly one of the two`;
  return [{ path, message, causes: [`${root}.${file}`] }];
}
