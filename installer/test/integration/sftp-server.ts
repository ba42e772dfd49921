import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import type { BackupSftp } from "../../../toolbox/src/contract.generated.ts";
import { mustRun } from "../support/child.ts";
import { type BackupWorld, repositoryPassword } from "./backup-world.ts";

function pathOf(program: string): string {
  return spawnSync("sh", ["-c", 'command -v "$0"', program], { encoding: "utf8" }).stdout.trim();
}

const sshd = pathOf("sshd");

/** Why OpenSSH's server cannot be had on this machine. */
export const noSshd =
  sshd === "" || pathOf("ssh-keygen") === "" ? "there is no sshd here: scripts/testbed/test-tools.sh" : undefined;

/** OpenSSH's own server in a container of a world. */
export interface SftpServer {
  readonly repository: BackupSftp;
  /** A host key that is not the server's. */
  readonly otherHostKey: string;
  /** A private key that it does not know. */
  readonly otherPrivateKey: string;
  dispose(): Promise<void>;
}

const port = "2222";

export async function openSftpServer(world: BackupWorld): Promise<SftpServer> {
  const folder = await mkdtemp(join(tmpdir(), `${world.name}-sftp-`));
  for (const name of ["host", "user", "other"])
    await mustRun("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, name)]);
  const settings = [
    ...[`Port ${port}`, "HostKey /tmp/host", "PidFile none", "UsePAM no", "StrictModes no"],
    ...["AuthorizedKeysFile /files/user.pub", "Subsystem sftp internal-sftp", "ForceCommand internal-sftp"],
  ];
  await writeFile(join(folder, "sshd_config"), `${settings.join("\n")}\n`);
  // An account without a shadow of its own, which sshd would take for a locked one.
  await writeFile(join(folder, "passwd"), "backup:none:10001:10001::/tmp:/bin/sh\n");
  await copyProgram(folder);
  await mustRun("chmod", ["-R", "a+rX", folder]);
  // A host key must be its user's alone.
  const start = "install -m 0600 /files/host /tmp/host && exec env LD_LIBRARY_PATH=/files/lib /files/sshd -D -e";
  const before = [
    ...["-v", `${folder}:/files:ro`, "-v", `${folder}/passwd:/etc/passwd:ro`, "--user", "10001:10001"],
    ...["--tmpfs", "/tmp:mode=1777", "--entrypoint", "sh"],
  ];
  await world.runServer("sftp", "toolbox", before, ["-c", `${start} -f /files/sshd_config`]);
  const read = (name: string): Promise<string> => readFile(join(folder, name), "utf8");
  const publicKey = async (name: string): Promise<string> =>
    (await read(`${name}.pub`)).split(" ").slice(0, 2).join(" ");
  return {
    repository: {
      ...{ kind: "sftp", address: `sftp:${port}`, user: "backup", path: "/staging/behind-ssh" },
      ...{ hostKey: await publicKey("host"), privateKey: await read("user"), password: repositoryPassword },
    },
    otherHostKey: await publicKey("other"),
    otherPrivateKey: await read("other"),
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The program, and libraries that the image of the world need not have: those of the package, and of this machine. */
async function copyProgram(folder: string): Promise<void> {
  const own = await realpath(sshd);
  const unpacked = join(dirname(own), "../lib/x86_64-linux-gnu");
  const libraries = await mustRun("env", [`LD_LIBRARY_PATH=${unpacked}`, "ldd", own]);
  await cp(own, join(folder, "sshd"));
  await mkdir(join(folder, "lib"));
  for (const [, path = ""] of libraries.matchAll(/=> (\S+lib(?:wrap|nsl|tirpc)\.so\S*)/g))
    await cp(path, join(folder, "lib", basename(path)), { dereference: true });
}
