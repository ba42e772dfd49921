import type { SshWire } from "../contract.generated.ts";
import { NotRefusedError, ToolboxError } from "../errors.ts";
import type { WireCheck, WireContext } from "./wire-check.ts";

export const sshCheck: WireCheck<SshWire> = {
  address: (wire) => `${wire.host}:${wire.port}`,
  expectation: () => "shows one of our host keys, offers public keys only and refuses a key nobody registered",
  prove: proveSsh,
};

/** How the login ended, and which host key and methods the server showed. */
interface Seen {
  readonly outcome: "refused" | "accepted";
  readonly hostKey: Buffer;
  readonly methods: readonly string[];
}

async function proveSsh(wire: SshWire, context: WireContext): Promise<void> {
  const allowed = wire.hostKeys.map((line) => hostKeyBytes(line));
  const seen = await attemptLogin(wire, allowed, context);
  context.note(`host key ${keyName(seen.hostKey)} is ours`);
  if (seen.outcome === "accepted") {
    throw new NotRefusedError(
      "a key made just now was accepted",
      "the server lets anybody in: look at its internal API's answer to authorized_keys",
    );
  }
  context.note("a key nobody registered was refused");
  const more = seen.methods.filter((method) => !["publickey", "gssapi-with-mic"].includes(method));
  if (more.length > 0) {
    throw new NotRefusedError(
      `the server offers login by ${more.join(", ")}`,
      "only public keys are wanted: look which SSH server answers on this port and at its configuration",
    );
  }
}

/** The key of an OpenSSH public key line; a leading host or option field is not expected. */
function hostKeyBytes(line: string): Buffer {
  const [algorithm, base64] = line.trim().split(/\s+/);
  const bytes = Buffer.from(base64 ?? "", "base64");
  if (algorithm === undefined || keyName(bytes) !== algorithm) {
    throw new ToolboxError(`"${line.slice(0, 30)}…" is not an OpenSSH public key line`, {
      advice: "look at hostKeys in the verify document",
    });
  }
  return bytes;
}

/** The name in a key's own encoding, RFC 4253 section 6.6. */
function keyName(key: Buffer): string {
  if (key.length < 4) return "unreadable";
  const length = key.readUInt32BE(0);
  return length > 64 || key.length < 4 + length ? "unreadable" : key.subarray(4, 4 + length).toString("latin1");
}

/** With a key that nobody knows: of ECDSA, for one Ed25519 key of 256 that ssh2 1.17.0 makes is too short to be read. */
async function attemptLogin(wire: SshWire, allowed: readonly Buffer[], context: WireContext): Promise<Seen> {
  const { default: ssh2 } = await import("ssh2");
  const { private: privateKey } = ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256 });
  const client = new ssh2.Client();
  context.atEnd(() => {
    client.destroy();
  });
  return new Promise((resolve, reject) => {
    let hostKey: Buffer | undefined;
    let foreign = false;
    const methods = new Set<string>();
    let tried = false;
    const settle = (outcome: Seen["outcome"]): void => {
      if (hostKey !== undefined) resolve({ outcome, hostKey, methods: [...methods] });
      client.end();
    };
    client.on("ready", () => settle("accepted"));
    client.on("error", (error: Error & { readonly level?: string }) => {
      if (error.level === "client-authentication") settle("refused");
      else if (foreign && hostKey !== undefined) reject(foreignKey(hostKey));
      else reject(error);
    });
    client.on("close", () => reject(new ToolboxError("the server closed the connection during the handshake")));
    client.connect({
      host: wire.host,
      port: Number(wire.port),
      username: "git",
      readyTimeout: 25_000,
      hostVerifier: (key: Buffer): boolean => {
        hostKey = Buffer.from(key);
        foreign = !allowed.some((known) => known.equals(key));
        return !foreign;
      },
      authHandler: (left: readonly string[] | null, _partial, next) => {
        for (const method of left ?? []) methods.add(method);
        if (left === null) {
          // the first attempt asks for nothing and so learns the methods
          next({ type: "none", username: "git" });
        } else if (tried) {
          // `false` ends the login; the types do not know it
          next(false as unknown as "none");
        } else {
          tried = true;
          next({ type: "publickey", username: "git", key: privateKey });
        }
      },
    });
  });
}

function foreignKey(key: Buffer): ToolboxError {
  return new ToolboxError(`the server's host key (${keyName(key)}) is none of ours`, {
    advice: "another SSH server answers here, or the service runs with keys that are not the recorded ones",
  });
}
