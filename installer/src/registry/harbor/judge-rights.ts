import type { Finding } from "../../events/event.ts";
import { formatBytes } from "../../oci/format-bytes.ts";
import type { HarborCaller, HarborProject, HarborSystemInfo, ProjectRole } from "./harbor-documents.ts";
import type { HarborOptions } from "./harbor-options.ts";

/** Who pushes, and what Harbor tells of itself. */
export interface Pusher {
  /** Name of the user or robot account. */
  readonly user: string;
  readonly caller: HarborCaller;
  readonly info: HarborSystemInfo;
}

/**
 * Whether somebody is an administrator of Harbor. `unsure` of robot accounts, of which nothing is told, and where accounts
 * come from elsewhere: administrators by group are not told as such.
 */
function isAdmin({ caller, info }: Pusher): boolean | "unsure" {
  if (caller.kind === "robot") return "unsure";
  return caller.isAdmin || (info.authMode === "db_auth" ? false : "unsure");
}

/** Of robot accounts those of a project have its name before theirs; a user may be called so, too. */
export function isNameOfProjectRobot(user: string): boolean {
  return user.includes("+");
}

/** What is to be said before a project is made. */
export function judgeMissing(
  name: string,
  pusher: Pusher,
  options: HarborOptions,
  dryRun: boolean,
): readonly Finding[] {
  const { user, caller, info } = pusher;
  const admin = isAdmin(pusher);
  if (caller.kind === "robot" && isNameOfProjectRobot(user)) {
    return [
      {
        id: "harbor.project",
        severity: "failure",
        message: `the project ${name} is not there, and ${user} may not make it: the robot account of a project makes none`,
        remedy: `have ${name} made, or push as a robot account of the system that may make projects`,
      },
    ];
  }
  const restricted = info.projectCreation === "adminonly";
  if (restricted && admin === false) {
    return [
      {
        id: "harbor.project",
        severity: "failure",
        message: `the project ${name} is not there, and ${user} may not make it: only administrators may make projects there`,
        remedy: `have ${name} made and ${user} added as developer or higher, or name a project that is there`,
      },
    ];
  }
  const doubtful = admin === "unsure" && (restricted || caller.kind === "robot");
  if (!dryRun) return [];
  const made: Finding = doubtful
    ? {
        id: "harbor.project",
        severity: "warning",
        message: `the project ${name} would be made, private, if ${user} may do that, which Harbor does not tell`,
        remedy: `have ${name} made by an administrator`,
      }
    : { id: "harbor.project", severity: "ok", message: `the project ${name} would be made, private` };
  return [made, ...(takesLimit(pusher) === false ? ignoredLimit(name, options) : [])];
}

/** Whether Harbor takes the limit of a project from somebody: of ordinary users it ignores it and says nothing. */
export function takesLimit(pusher: Pusher): boolean | "unsure" {
  return isAdmin(pusher);
}

/** That a limit was asked for and is not the project's. */
export function ignoredLimit(
  name: string,
  { storageLimit }: HarborOptions,
  why = "Harbor takes limits from its administrators only, and gives its own",
): readonly Finding[] {
  if (storageLimit === undefined) return [];
  const asked = storageLimit < 0 ? "no limit" : `a limit of ${formatBytes(storageLimit)}`;
  return [
    {
      id: "harbor.storage-limit",
      severity: "warning",
      message: `the project ${name} does not get ${asked}: ${why}`,
      remedy: `have an administrator set the limit of ${name} (Administration, Project Quotas)`,
    },
  ];
}

/** A project that is there and may not be looked at. Undefined when that means that nothing can be pushed there. */
export function judgeHidden(
  name: string,
  { user, caller }: Pusher,
  options: HarborOptions,
): readonly Finding[] | undefined {
  // Every member may look at the project. Robot accounts need a right of their own for it, and push without.
  if (caller.kind === "user") return undefined;
  const flags = flagsThatLook(options);
  if (flags.length > 0) {
    return [
      {
        id: "harbor.unseen",
        severity: "failure",
        message: `${user} may not look at the project ${name}, which ${flags.join(" and ")} ${flags.length === 1 ? "needs" : "need"}`,
        remedy: `leave ${flags.length === 1 ? "it" : "them"} out, and have a project administrator push once with ${flags.length === 1 ? "it" : "them"}`,
      },
    ];
  }
  return [
    {
      id: "harbor.unseen",
      severity: "warning",
      message: `${user} may not look at the project ${name}: its quota, its rules and who may pull from it are not known`,
      remedy: `it is pushed to all the same; to have it looked at first, give the robot account the right to read the project`,
    },
  ];
}

/** What is to be said where Harbor gave a token without the right to push. A user's role tells it better. */
export function judgeRefused(name: string, { user, caller }: Pusher): readonly Finding[] {
  if (caller.kind === "user") return [];
  return [
    {
      id: "harbor.role",
      severity: "failure",
      message: `${user} may not push to the project ${name}: Harbor gives the robot account no such right there`,
      remedy: `give it the right to push in ${name}, or push as another`,
    },
  ];
}

function flagsThatLook({ robot, immutable, retain }: HarborOptions): readonly string[] {
  return [
    ...(robot === undefined ? [] : ["--harbor-robot"]),
    ...(immutable ? ["--harbor-immutable"] : []),
    ...(retain === undefined ? [] : ["--harbor-retain"]),
  ];
}

const pushers: readonly (ProjectRole | undefined)[] = ["project administrator", "maintainer", "developer"];

/** Whether the role alone tells that somebody may push; else it matters whether they are an administrator of Harbor. */
export function mayPushByRole({ role }: HarborProject): boolean {
  return pushers.includes(role);
}

/** What a member may not do, before it is tried. */
export function judgeRole(project: HarborProject, pusher: Pusher, options: HarborOptions): readonly Finding[] {
  const { name, role } = project;
  const { user } = pusher;
  if (isAdmin(pusher) !== false) return [];
  if (!mayPushByRole(project)) {
    return [
      {
        id: "harbor.role",
        severity: "failure",
        message: `${user} may not push to the project ${name}: ${role === undefined ? "no member of it" : `only a ${role} there`}`,
        remedy: `have ${user} made developer or higher in ${name} by one of its administrators`,
      },
    ];
  }
  const refuse = (flag: string, needs: string): Finding => ({
    id: "harbor.role",
    severity: "failure",
    message: `${flag} takes ${needs} of ${name}, and ${user} is ${role ?? "none"} there`,
    remedy: `leave it out, or push as ${needs}`,
  });
  return [
    ...(options.robot !== undefined && role !== "project administrator"
      ? [refuse("--harbor-robot", "a project administrator")]
      : []),
    ...(options.immutable && role === "developer" ? [refuse("--harbor-immutable", "a maintainer")] : []),
  ];
}
