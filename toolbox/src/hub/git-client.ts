import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { ToolboxError } from "../errors.ts";

export interface GitAccess {
  /** Repository address without user or password. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
  readonly caFile?: string;
  readonly signal: AbortSignal;
}

export interface SshAccess {
  readonly host: string;
  readonly port: number | string;
  /** Lines of public keys, as OpenSSH writes them. */
  readonly hostKeys: readonly string[];
}

/** Git with a home of its own: credentials, keys and settings are files there, and nobody else's count. */
export interface GitClient {
  readonly folder: string;
  /** The public key that it signs in with over SSH. */
  readonly publicKey: () => Promise<string>;
  /** Runs `git`, in a folder below the client's. */
  readonly git: (folder: string, ...args: readonly string[]) => Promise<void>;
  readonly remove: () => Promise<void>;
}

const commandMs = 120_000;

/**
 * Makes a client for one repository host.
 * @throws ToolboxError when a program it needs is not in this image.
 */
export async function createGitClient(access: GitAccess, ssh: SshAccess | undefined): Promise<GitClient> {
  const folder = await mkdtemp(join(tmpdir(), "git-"));
  const home = join(folder, "home");
  const key = join(home, "key");
  await mkdir(home, { mode: 0o700 });
  const { protocol, host } = new URL(access.url);
  const login = `${encodeURIComponent(access.user)}:${encodeURIComponent(access.password)}`;
  const credentials = join(home, "credentials");
  await writeFile(credentials, `${protocol}//${login}@${host}\n`, { mode: 0o600 });
  await writeFile(join(home, ".gitconfig"), settings(credentials, access), { mode: 0o600 });
  const knownHosts = join(home, "known_hosts");
  if (ssh !== undefined) {
    await writeFile(knownHosts, ssh.hostKeys.map((line) => `[${ssh.host}]:${ssh.port} ${line.trim()}\n`).join(""));
  }
  const environment = {
    PATH: process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin",
    HOME: home,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
    GIT_SSH_COMMAND: `ssh -F none -i ${key} -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile=${knownHosts}`,
  };
  const run = async (cwd: string, program: string, args: readonly string[]): Promise<string> => {
    const { exitCode, all, stdout, failed, shortMessage } = await execa(program, args, {
      cwd,
      env: environment,
      extendEnv: false,
      all: true,
      reject: false,
      timeout: commandMs,
      cancelSignal: access.signal,
    });
    if (!failed) return stdout;
    const said = exitCode === undefined ? shortMessage : all.split("\n").slice(-4).join(" | ");
    throw new ToolboxError(`${program} ${args[0] ?? ""} fails: ${said}`, {
      advice: "look at the logs of the hub's server, of Gitaly and of the gateway",
    });
  };
  return {
    folder,
    publicKey: async () => {
      await run(home, "ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "slipway-verify", "-f", key]);
      await chmod(key, 0o600);
      return await run(home, "ssh-keygen", ["-y", "-f", key]);
    },
    git: async (below, ...args) => {
      await run(join(folder, below), "git", args);
    },
    remove: async () => await rm(folder, { recursive: true, force: true }),
  };
}

/** Large files go by the filter of git-lfs, as `git lfs install` sets it. */
function settings(credentials: string, { caFile }: GitAccess): string {
  return `[user]
  name = slipway-verify
  email = slipway-verify@localhost
[credential]
  helper = store --file=${credentials}
[http]
${caFile === undefined ? "" : `  sslCAInfo = ${caFile}\n`}[lfs]
  locksverify = false
[filter "lfs"]
  clean = git-lfs clean -- %f
  smudge = git-lfs smudge -- %f
  process = git-lfs filter-process
  required = true
`;
}
