import { RegistryError } from "../../errors/installer-error.ts";
import type { Finding } from "../../events/event.ts";
import { fieldsOf } from "../../language/fields.ts";
import type { Clock, FileSystem } from "../../platform/ports.ts";
import type { HarborClient } from "./harbor-client.ts";
import type { HarborProject, HarborRobot } from "./harbor-documents.ts";

export interface RobotRequest {
  readonly name: string;
  /** A `config.json` as `docker login` writes it; nothing else may be in it. */
  readonly file: string;
  readonly projects: readonly string[];
  /** Of a single project that exists; a robot account of several projects is one of the system. */
  readonly project: HarborProject | undefined;
}

const id = "harbor.robot";
/** What stands before the name of every robot account, unless Harbor is set otherwise. */
const usualPrefix = "robot$";

/**
 * A robot account that may pull and nothing else, its secret in a file only its owner can read. One whose file is there is
 * kept: Harbor tells a secret once.
 * @throws RegistryError when Harbor refuses, or the file holds something else
 */
export async function provideRobot(
  ports: { readonly client: HarborClient; readonly fs: FileSystem; readonly clock: Pick<Clock, "now"> },
  request: RobotRequest,
  change: { readonly dryRun: boolean; readonly signal: AbortSignal },
): Promise<Finding> {
  const { client, fs } = ports;
  const { name, file, projects } = request;
  const stored = await readStored(fs, client.host, request);
  const existing = await findRobot(client, request, stored, change.signal);
  if (existing !== undefined) return judgeExisting(existing, stored, request, ports.clock.now());
  refuseAnother(stored, request);
  if (change.dryRun) {
    return {
      id,
      severity: "ok",
      message: `the robot account ${name} would be made, to pull from ${projects.join(", ")}`,
    };
  }
  await prepareFolder(fs, file);
  const description = "Pulls the images of a Slipway install";
  change.signal.throwIfAborted();
  // Not given up half way: an account whose secret nobody has would stand in the way of every push after this one.
  const { signal: uninterrupted } = new AbortController();
  const robot = await client.createRobot({ name, description, projects, actions: ["pull"] }, uninterrupted);
  // Of another prefix than it was looked for under.
  if (robot === "there already") return untoldSecret(name, file);
  try {
    if (robot.name === "" || robot.secret === "") throw untold(client.host, name);
    await fs.writeAtomic(file, configText(client.host, robot), { mode: 0o600 });
  } catch (error) {
    // Its secret is lost, so it is of no use to anybody. Why it is lost is the message, whether or not it can be removed.
    await client.deleteRobot(robot.id, uninterrupted).catch(() => undefined);
    throw error;
  }
  return {
    id,
    severity: "ok",
    message: `the robot account ${robot.name} may pull from ${projects.join(", ")}; its secret is in ${file}`,
  };
}

/**
 * Looks whether the file may be written, before anything is made.
 * @throws RegistryError when it holds something else than the secret of this account
 */
export async function checkRobotFile(fs: FileSystem, host: string, request: RobotRequest): Promise<void> {
  const stored = await readStored(fs, host, request);
  // Of a project that is there, its robot accounts tell more.
  if (request.project === undefined) refuseAnother(stored, request);
}

function refuseAnother(stored: string | undefined, request: RobotRequest): void {
  if (stored !== undefined && stored !== `${usualPrefix}${endingOf(request)}`) throw ofAnother(stored, request);
}

/** The file may hold the only copy of a secret that is in use: of a project whose name ends like this one. */
function ofAnother(stored: string, { file, projects }: RobotRequest): RegistryError {
  return new RegistryError(
    `${file} holds the secret of ${stored}, which is no robot account of ${projects.join(", ")}`,
    {
      hint: "name another file with --harbor-robot-file, or remove this one if nobody needs it",
    },
  );
}

function untold(host: string, name: string): RegistryError {
  return new RegistryError(`${host} made the robot account ${name} and answered without its name or secret`, {
    hint: "look at proxies that change answers, and at the version of Harbor; then push again",
  });
}

async function findRobot(
  client: HarborClient,
  request: RobotRequest,
  stored: string | undefined,
  signal: AbortSignal,
): Promise<HarborRobot | undefined> {
  const { projects, project } = request;
  const ofProject = projects.length === 1;
  if (ofProject && project === undefined) return undefined;
  const robots = await client.robots(ofProject ? project : undefined, signal);
  const ending = endingOf(request);
  // A name has no + in it, so that in a project nothing else ends like this. Of the system the name alone says too little.
  return robots.find(({ name }) => name === stored || name.endsWith(ofProject ? ending : `$${ending}`));
}

/** What its full name ends with, behind the prefix. */
function endingOf({ name, projects: [only, ...more] }: RobotRequest): string {
  return more.length === 0 ? `${only ?? ""}+${name}` : name;
}

function judgeExisting(robot: HarborRobot, stored: string | undefined, { file }: RobotRequest, now: Date): Finding {
  if (robot.disabled) {
    return {
      id,
      severity: "failure",
      message: `the robot account ${robot.name} is there, but switched off`,
      remedy: "switch it on in Harbor, or give another name with --harbor-robot",
    };
  }
  const end = new Date(robot.expiresAt * 1000);
  if (robot.expiresAt > 0 && end <= now) {
    return {
      id,
      severity: "failure",
      message: `the robot account ${robot.name} is there, but it ended on ${end.toISOString().slice(0, 10)}`,
      remedy: "give it a new end in Harbor, or give another name with --harbor-robot",
    };
  }
  if (stored === robot.name) {
    return { id, severity: "ok", message: `the robot account ${robot.name} is there, and its secret in ${file}` };
  }
  return untoldSecret(robot.name, file);
}

function untoldSecret(name: string, file: string): Finding {
  return {
    id,
    severity: "failure",
    message: `the robot account ${name} is there already, and Harbor does not tell its secret a second time; it is not in ${file}`,
    remedy: `give another name with --harbor-robot, name the file that has its secret with --harbor-robot-file, or remove the account in Harbor`,
  };
}

/**
 * Whose secret the file holds; undefined when there is no file.
 * @throws RegistryError when it is of another account, or something else: nothing in it may be lost
 */
async function readStored(fs: FileSystem, host: string, request: RobotRequest): Promise<string | undefined> {
  const { file } = request;
  const text = await fs.readTextIfPresent(file);
  if (text === undefined) return undefined;
  const refuse = (): RegistryError =>
    new RegistryError(`${file} is there and is not a file this command wrote for ${request.name} on ${host}`, {
      hint: "name another one with --harbor-robot-file, so that nothing in it is lost",
    });
  let config;
  try {
    config = fieldsOf(JSON.parse(text));
  } catch {
    // What the parser says would quote the file.
    throw refuse();
  }
  const auths = fieldsOf(config["auths"]);
  const auth = fieldsOf(auths[host])["auth"];
  if (Object.keys(config).length !== 1 || Object.keys(auths).length !== 1 || typeof auth !== "string") throw refuse();
  const user = Buffer.from(auth, "base64").toString("utf8").split(":")[0] ?? "";
  const ending = endingOf(request);
  if (!user.endsWith(ending) || user === ending) throw refuse();
  return user;
}

async function prepareFolder(fs: FileSystem, file: string): Promise<void> {
  const slash = file.lastIndexOf("/");
  const folder = slash < 0 ? "." : file.slice(0, Math.max(1, slash));
  // The mode of a folder that is there is its owner's affair.
  if (!(await fs.exists(folder))) await fs.makeDirectory(folder, 0o700);
}

function configText(host: string, robot: { readonly name: string; readonly secret: string }): string {
  const auth = Buffer.from(`${robot.name}:${robot.secret}`).toString("base64");
  return `${JSON.stringify({ auths: { [host]: { auth } } }, undefined, 2)}\n`;
}
