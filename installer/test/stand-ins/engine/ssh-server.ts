import { chmod, writeFile } from "node:fs/promises";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import ssh2 from "ssh2";

export interface SshServer {
  readonly port: number;
  /** What was to be run, in order. */
  readonly commands: readonly string[];
  /** A folder for PATH whose `ssh` is the real one, with this test's key and known hosts instead of the user's. */
  readonly bin: string;
  readonly close: () => Promise<void>;
}

export interface SshServerOptions {
  readonly folder: string;
  /** The real program. */
  readonly ssh: string;
  /** Whom it lets in, with the key it made. */
  readonly user: string;
  /** Where `docker system dial-stdio` leads. */
  readonly socketPath: string;
  /** False: nobody knows its key. */
  readonly known: boolean;
}

/** Starts an SSH server on loopback that knows one command: the docker program's way to its engine. */
export async function startSshServer(options: SshServerOptions): Promise<SshServer> {
  const commands: string[] = [];
  // Not Ed25519: of those that ssh2 1.17.0 makes, one in 256 is too short to be read.
  const host = ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256 });
  const user = ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256 });
  const allowed = ssh2.utils.parseKey(user.public);
  if (allowed instanceof Error) throw allowed;
  const server = new ssh2.Server({ hostKeys: [host.private] }, (client) => {
    client.on("error", () => undefined);
    client.on("authentication", (attempt) => {
      const known = attempt.method === "publickey" && attempt.key.data.equals(allowed.getPublicSSH());
      if (known && attempt.username === options.user) attempt.accept();
      else attempt.reject(["publickey"]);
    });
    client.on("session", (accept) => {
      accept().on("exec", (acceptExec, _reject, { command }) => {
        commands.push(command);
        const channel = acceptExec();
        const engine = connect(options.socketPath);
        engine.pipe(channel).pipe(engine);
        engine.once("close", () => {
          channel.exit(0);
          channel.end();
        });
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.address() as AddressInfo;
  const known = options.known ? `[127.0.0.1]:${port} ${host.public}\n` : "";
  return {
    port,
    commands,
    bin: await writeClient(options, user.private, known),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

async function writeClient(options: SshServerOptions, key: string, knownHosts: string): Promise<string> {
  const files = { key: join(options.folder, "key"), known: join(options.folder, "known_hosts") };
  await writeFile(files.key, key, { mode: 0o600 });
  await writeFile(files.known, knownHosts);
  const config = ["Host *", `IdentityFile ${files.key}`, `UserKnownHostsFile ${files.known}`, "IdentitiesOnly yes"];
  await writeFile(join(options.folder, "config"), `${config.join("\n  ")}\n`);
  const program = join(options.folder, "ssh");
  await writeFile(program, `#!/bin/sh\nexec '${options.ssh}' -F '${join(options.folder, "config")}' "$@"\n`);
  await chmod(program, 0o755);
  return options.folder;
}
