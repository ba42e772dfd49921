import { InstallerError, RegistryError } from "../../errors/installer-error.ts";
import type { Finding } from "../../events/event.ts";
import type { Clock, FileSystem } from "../../platform/ports.ts";
import type { Credentials } from "../credentials.ts";
import type { OpenedTarget, OpenOptions } from "../push/push-target.ts";
import type { HarborClient } from "./harbor-client.ts";
import type { HarborCaller, HarborProject, HarborSystemInfo } from "./harbor-documents.ts";
import { explainBlocked, notAMember, readOnlyMessage, readOnlyRemedy } from "./harbor-errors.ts";
import type { HarborOptions } from "./harbor-options.ts";
import {
  isNameOfProjectRobot,
  judgeHidden,
  judgeMissing,
  judgeRefused,
  judgeRole,
  mayPushByRole,
  type Pusher,
  takesLimit,
} from "./judge-rights.ts";
import type { OwnRepositories } from "./own-repositories.ts";
import type { RegistryHalf } from "./registry-half.ts";

export interface HarborPreparation {
  readonly client: HarborClient;
  readonly registry: RegistryHalf;
  readonly fs: FileSystem;
  readonly clock: Pick<Clock, "now">;
  readonly credentials: Extract<Credentials, { kind: "password" }> | undefined;
  readonly options: HarborOptions;
  readonly made: MadeBefore;
}

/** What this push made in earlier runs that were broken off. */
export interface MadeBefore {
  hasMade(what: string): boolean;
  recordMade(what: string): Promise<void>;
}

/** The password of the first administrator that every Harbor's documentation names. */
const knownPasswords: readonly string[] = ["Harbor12345"];

interface Opened {
  readonly projects: readonly OwnRepositories[];
  readonly opened: OpenedTarget;
}

/**
 * Looks at the projects that images go to, and makes none.
 * @throws RegistryError when Harbor does not know the user, or the user has nothing to do with a project
 */
export async function openProjects(
  harbor: HarborPreparation,
  repositories: readonly string[],
  options: OpenOptions,
): Promise<Opened> {
  const { client } = harbor;
  const info = await client.systemInfo(options.signal);
  const user = requireUser(harbor, info);
  const findings = [...describeSystem(harbor, info)];
  let asked: Promise<HarborCaller> | undefined;
  const pusher = async (): Promise<Pusher> => ({ user, caller: await (asked ??= client.caller(options.signal)), info });
  const names = [...new Set(repositories.map(projectOf))].toSorted();
  const found = new Map<string, HarborProject | "hidden" | undefined>();
  for (const name of names) {
    const project = await client.project(name, options.signal);
    found.set(name, project);
    const own = repositories.filter((repository) => projectOf(repository) === name);
    const granted = own.map((repository) => harbor.registry.isGranted({ repository, actions: "push" }));
    findings.push(...(await judge(harbor, name, { project, pusher, granted, info, dryRun: options.dryRun })));
  }
  const missing = names.filter((name) => found.get(name) === undefined);
  const refused = findings.some(({ severity }) => severity === "failure");
  if (missing.length > 0 && !refused && options.blocked !== undefined) {
    throw explainBlocked(options.blocked, client.host, missing);
  }
  const { storageLimit } = harbor.options;
  const limitHolds = missing.length > 0 && storageLimit !== undefined && takesLimit(await pusher()) !== false;
  const isIn = (test: (name: string) => boolean) => repositories.filter((repository) => test(projectOf(repository)));
  return {
    projects: names.map((name) => ({
      name,
      project: found.get(name),
      isNew: missing.includes(name),
      isOurs: isOurs(found.get(name), harbor),
      ...(limitHolds ? { limit: storageLimit } : {}),
      repositories: isIn((own) => own === name).map((repository) => repository.slice(name.length + 1)),
    })),
    opened: {
      findings,
      absent: isIn((name) => missing.includes(name)),
      unseen: isIn((name) => found.get(name) === "hidden"),
    },
  };
}

function isOurs(project: HarborProject | "hidden" | undefined, { made }: HarborPreparation): boolean {
  if (project === "hidden") return false;
  return project === undefined || made.hasMade(keyOf(project));
}

/** One that was removed and made again has another number. */
function keyOf({ name, id }: HarborProject): string {
  return `project ${name} ${id}`;
}

function projectOf(repository: string): string {
  return repository.split("/")[0] ?? "";
}

interface Look {
  readonly project: HarborProject | "hidden" | undefined;
  /** Asked only where it matters: of a user each question costs Harbor a check of the password. */
  readonly pusher: () => Promise<Pusher>;
  /** What tokens say of the right to push to each of its repositories. */
  readonly granted: readonly (boolean | "unsure")[];
  readonly info: HarborSystemInfo;
  readonly dryRun: boolean;
}

async function judge({ client, options }: HarborPreparation, name: string, look: Look): Promise<readonly Finding[]> {
  const { project, pusher, granted, info, dryRun } = look;
  if (project === undefined) {
    const byRobot = client.user !== undefined && isNameOfProjectRobot(client.user);
    const matters = dryRun || info.projectCreation !== "everyone" || byRobot;
    return matters ? judgeMissing(name, await pusher(), options, dryRun) : [];
  }
  // Of a robot account's rights nothing but its token tells.
  const refused = granted.includes(false) ? judgeRefused(name, await pusher()) : [];
  if (refused.length > 0) return refused;
  if (project === "hidden") {
    const found = judgeHidden(name, await pusher(), options);
    if (found === undefined) throw notAMember(client.host, client.user, name);
    return found;
  }
  const mayPush = granted.every((answer) => answer === true);
  const matters = !(mayPush || mayPushByRole(project)) || options.robot !== undefined || options.immutable;
  return [...describeProject(project), ...(matters ? judgeRole(project, await pusher(), options) : [])];
}

/** A project that is there now. */
interface Provided {
  readonly own: OwnRepositories;
  /** What is to be said of it. */
  readonly findings: readonly Finding[];
}

/**
 * Makes a project that is missing. Where somebody else did meanwhile it is theirs, and not taken for new.
 * @throws RegistryError when the user may not, or is no member of what somebody else made
 */
export async function makeProject(
  { client, options, made }: HarborPreparation,
  own: OwnRepositories,
  signal: AbortSignal,
): Promise<Provided> {
  const { name } = own;
  const project = await client.createProject(name, options.storageLimit, signal);
  if (project !== "there already") {
    await made.recordMade(keyOf(project));
    const message = `the project ${name} was made, private`;
    return { own: { ...own, project }, findings: [{ id: "harbor.project", severity: "ok", message }] };
  }
  const found = await client.project(name, signal);
  if (found === undefined || found === "hidden") throw notAMember(client.host, client.user, name);
  return { own: { ...own, project: found, isNew: false, isOurs: false }, findings: describeProject(found) };
}

/** Takes away a project that this run made and nothing came into; what cannot be removed is told. */
export async function removeProject(client: HarborClient, name: string, signal: AbortSignal): Promise<Finding> {
  const id = "harbor.project";
  try {
    await client.deleteProject(name, signal);
    return { id, severity: "ok", message: `the project ${name} was removed again: nothing came into it` };
  } catch (error) {
    if (!(error instanceof InstallerError)) throw error;
    return {
      id,
      severity: "warning",
      message: `the project ${name} was made and stays empty: ${error.message}`,
      remedy: "remove it in Harbor, or leave it for the same command with a source that is whole",
    };
  }
}

/** @throws RegistryError when user and password are wrong or there are none */
function requireUser({ client, credentials }: HarborPreparation, info: HarborSystemInfo): string {
  const { host } = client;
  if (credentials === undefined) {
    throw new RegistryError(`${host} is a Harbor, and takes pushes only from users it knows`, {
      hint: `run docker login ${host}, or give --username and --password-file; a single sign-on user takes the CLI secret of the user profile for the password`,
    });
  }
  // Harbor treats a wrong password like none at all, and tells its version only to those it knows.
  if (info.version === undefined) {
    throw new RegistryError(`Harbor on ${host} does not know ${credentials.username} by this password`, {
      hint: "check both; single sign-on users take the CLI secret of their user profile, robot accounts expire and their names begin with robot$ or what Harbor is set to",
    });
  }
  return credentials.username;
}

function describeSystem({ client, credentials }: HarborPreparation, info: HarborSystemInfo): readonly Finding[] {
  const { host } = client;
  const findings: Finding[] = [
    {
      id: "harbor.version",
      severity: "ok",
      message: `${host} is Harbor ${info.version ?? "of a version it does not tell"}`,
    },
  ];
  if (info.readOnly === true) {
    const message = readOnlyMessage(host);
    findings.push({ id: "harbor.read-only", severity: "failure", message, remedy: readOnlyRemedy });
  }
  if (credentials !== undefined && knownPasswords.includes(credentials.password)) {
    findings.push({
      id: "harbor.password",
      severity: "warning",
      message: `the password of ${credentials.username} on ${host} is the one from Harbor's documentation`,
      remedy: "change it in Harbor before anything of value is there",
    });
  }
  return findings;
}

function describeProject({ name, isPublic, isProxyCache }: HarborProject): readonly Finding[] {
  const findings: Finding[] = [];
  if (isProxyCache) {
    findings.push({
      id: "harbor.proxy-cache",
      severity: "failure",
      message: `the project ${name} is a cache of another registry and takes no pushes`,
      remedy: "name another project in --to; one that does not exist is made",
    });
  }
  if (isPublic) {
    findings.push({
      id: "harbor.public",
      severity: "warning",
      message: `the project ${name} is public: everybody who reaches Harbor can pull what is pushed there`,
      remedy: `make it private in Harbor (${name}, Configuration), or push to another project`,
    });
  }
  return findings;
}
