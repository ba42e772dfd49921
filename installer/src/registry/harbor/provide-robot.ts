import { RegistryError } from "../../errors/installer-error.ts";
import type { Finding } from "../../events/event.ts";
import { fieldsOf } from "../../language/fields.ts";
import type { FileSystem } from "../../platform/ports.ts";
import type { HarborClient, HarborProject, HarborRobot } from "./harbor-client.ts";

export interface RobotRequest {
  readonly name: string;
  /** A `config.json` as `docker login` writes it; nothing else may be in it. */
  readonly file: string;
  readonly projects: readonly string[];
  /** Of a single project that exists; a robot account of several projects is one of the system. */
  readonly project: HarborProject | undefined;
}

const id = "harbor.robot";

/**
 * A robot account that may pull and nothing else, its secret in a file only its owner can read. One whose file is there is
 * kept: Harbor tells a secret once.
 * @throws RegistryError when Harbor refuses, or the file holds something else
 */
export async function provideRobot(
  ports: { readonly client: HarborClient; readonly fs: FileSystem },
  request: RobotRequest,
  change: { readonly dryRun: boolean; readonly signal: AbortSignal },
): Promise<Finding> {
  const { client, fs } = ports;
  const { name, file, projects } = request;
  const stored = await readStored(fs, file, client.host);
  const existing = await findRobot(client, request, change.signal);
  if (existing !== undefined) return judgeExisting(existing, stored, request);
  if (change.dryRun) {
    return {
      id,
      severity: "ok",
      message: `the robot account ${name} would be made, to pull from ${projects.join(", ")}`,
    };
  }
  await prepareFolder(fs, file);
  const description = "Pulls the images of a Slipway install";
  const robot = await client.createRobot({ name, description, projects, actions: ["pull"] }, change.signal);
  try {
    if (robot.name === "" || robot.secret === "") throw untold(client.host, name);
    await fs.writeAtomic(file, configText(client.host, robot), { mode: 0o600 });
  } catch (error) {
    // Its secret is lost, so it is of no use to anybody. Why it is lost is the message, whether or not it can be removed.
    await client.deleteRobot(robot.id, change.signal).catch(() => undefined);
    throw error;
  }
  return {
    id,
    severity: "ok",
    message: `the robot account ${robot.name} may pull from ${projects.join(", ")}; its secret is in ${file}`,
  };
}

function untold(host: string, name: string): RegistryError {
  return new RegistryError(`${host} made the robot account ${name} and answered without its name or secret`, {
    hint: "look at proxies that change answers, and at the version of Harbor; then push again",
  });
}

async function findRobot(
  client: HarborClient,
  { name, projects, project }: RobotRequest,
  signal: AbortSignal,
): Promise<HarborRobot | undefined> {
  const ofProject = projects.length === 1;
  if (ofProject && project === undefined) return undefined;
  const robots = await client.robots(ofProject ? project : undefined, signal);
  // The prefix is a setting of Harbor, robot$ unless changed.
  const ending = ofProject ? `${projects[0] ?? ""}+${name}` : name;
  return robots.find((robot) => robot.name === ending || robot.name.endsWith(`$${ending}`));
}

function judgeExisting(robot: HarborRobot, stored: string | undefined, { file }: RobotRequest): Finding {
  if (robot.disabled) {
    return {
      id,
      severity: "failure",
      message: `the robot account ${robot.name} is there, but switched off`,
      remedy: "switch it on in Harbor, or give another name with --harbor-robot",
    };
  }
  if (stored === robot.name) {
    return { id, severity: "ok", message: `the robot account ${robot.name} is there, and its secret in ${file}` };
  }
  return {
    id,
    severity: "failure",
    message: `the robot account ${robot.name} is there already, and Harbor does not tell its secret a second time`,
    remedy: `give another name with --harbor-robot, name the file that has its secret with --harbor-robot-file, or remove the account in Harbor`,
  };
}

/** Whose secret the file holds; undefined when there is no file. */
async function readStored(fs: FileSystem, file: string, host: string): Promise<string | undefined> {
  const text = await fs.readTextIfPresent(file);
  if (text === undefined) return undefined;
  const refuse = (): RegistryError =>
    new RegistryError(`${file} is there and is not a file this command wrote for ${host}`, {
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
  if (!user.includes("$") && !user.startsWith("robot")) throw refuse();
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
