import { spawn, spawnSync } from "node:child_process";
import { chown, cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { BackupSftp } from "../../../toolbox/src/contract.generated.ts";
import { mustRun } from "../support/child.ts";
import { findFreePorts } from "../support/free-ports.ts";
import { type BackupWorld, repositoryPassword } from "./backup-world.ts";

function pathOf(program: string): string {
  return spawnSync("sh", ["-c", 'command -v "$0"', program], { encoding: "utf8" }).stdout.trim();
}

const sshd = pathOf("sshd");

/** Why OpenSSH's server cannot be had on this machine. */
export const noSshd =
  sshd === "" || pathOf("ssh-keygen") === "" ? "there is no sshd here: scripts/testbed/test-tools.sh" : undefined;

/** OpenSSH's own server on this machine, where a world's containers reach it. */
export interface SftpServer {
  readonly repository: BackupSftp;
  /** A host key that is not the server's. */
  readonly otherHostKey: string;
  /** A private key that it does not know. */
  readonly otherPrivateKey: string;
  dispose(): Promise<void>;
}

/** Started as root it would separate privileges by a user of its own, which the machine need not have. */
const nobody = { name: "nobody", id: 65_534 };

export async function openSftpServer(world: BackupWorld): Promise<SftpServer> {
  const folder = await mkdtemp(join(tmpdir(), `${world.name}-sftp-`));
  const isRoot = userInfo().uid === 0;
  const user = isRoot ? nobody : { name: userInfo().username, id: userInfo().uid };
  const names = ["host", "user", "other"];
  for (const name of names) await mustRun("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, name)]);
  const { http: port } = await findFreePorts();
  const address = (
    await mustRun("docker", ["network", "inspect", "-f", "{{(index .IPAM.Config 0).Gateway}}", world.name])
  ).trim();
  const settings = [
    ...[`Port ${port}`, `ListenAddress ${address}`, `HostKey ${folder}/host`, "PidFile none", "UsePAM no"],
    ...["StrictModes no", "PasswordAuthentication no", "KbdInteractiveAuthentication no"],
    ...[`AuthorizedKeysFile ${folder}/user.pub`, "Subsystem sftp internal-sftp", "ForceCommand internal-sftp"],
  ];
  await writeFile(join(folder, "sshd_config"), `${settings.join("\n")}\n`);
  await mkdir(join(folder, "backups"));
  // The cache may be where that user may not look.
  const own = await realpath(sshd);
  const place = { program: join(folder, "sshd"), libraries: join(folder, "lib") };
  await cp(own, place.program);
  await cp(join(dirname(own), "../lib/x86_64-linux-gnu"), place.libraries, {
    recursive: true,
    dereference: true,
  }).catch(() => undefined);
  if (isRoot) for (const name of ["", "host", "user.pub", "backups"]) await chown(join(folder, name), user.id, user.id);
  const child = spawn(place.program, ["-D", "-e", "-f", join(folder, "sshd_config")], {
    ...(isRoot ? { uid: user.id, gid: user.id } : {}),
    ...{ stdio: ["ignore", "ignore", "pipe"], env: { PATH: "/usr/bin:/bin", LD_LIBRARY_PATH: place.libraries } },
  });
  let said = "";
  child.stderr.on("data", (part: Buffer) => (said += part.toString()));
  const ended = new Promise((resolve) => child.once("close", resolve));
  for (const end = Date.now() + 20_000; !said.includes("Server listening"); await delay(50)) {
    if (Date.now() > end || child.exitCode !== null) throw new Error(`sshd does not serve: ${said}`);
  }
  const read = (name: string): Promise<string> => readFile(join(folder, name), "utf8");
  const publicKey = async (name: string): Promise<string> =>
    (await read(`${name}.pub`)).split(" ").slice(0, 2).join(" ");
  return {
    repository: {
      ...{ kind: "sftp", address: `${address}:${port}`, user: user.name, path: join(folder, "backups/hub") },
      ...{ hostKey: await publicKey("host"), privateKey: await read("user"), password: repositoryPassword },
    },
    otherHostKey: await publicKey("other"),
    otherPrivateKey: await read("other"),
    dispose: async () => {
      child.kill("SIGTERM");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
