import { randomBytes } from "node:crypto";
import { mkdir, open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** What a session of the web UI remembers: who signed in, `owner/name` or `app/name`. */
export interface Session {
  readonly id: string;
  userId: string;
}

/** Where sessions are kept; `sessionsOf` in start.ts chooses as Casdoor does. */
export interface Sessions {
  /**
   * The session of that id, or a new one.
   * @throws {Error} when the place cannot be reached; Casdoor then answers 503.
   */
  open(id: string | undefined): Promise<Session>;
  /** Keeps it at the end of a request. A failure is swallowed, as beego swallows it. */
  release(session: Session): Promise<void>;
  close(): Promise<void>;
}

/**
 * Sessions as files below a directory, `a/b/ab…`, as beego keeps them. A request without a known session makes a file, and one that is
 * not for a page fills it, so that it takes a block of the disk. On a full disk the file stays empty and nobody is told.
 */
export class FileSessions implements Sessions {
  readonly #directory: string;
  readonly #write: typeof writeFile;

  constructor(directory: string, write = writeFile) {
    this.#directory = directory;
    this.#write = write;
  }

  async open(id: string | undefined): Promise<Session> {
    if (isId(id)) {
      const text = await readFile(this.#path(id), "utf8").catch(() => undefined);
      if (text !== undefined) return { id, userId: fromText(text) };
    }
    const session = { id: newId(), userId: "" };
    const path = this.#path(session.id);
    await mkdir(join(path, ".."), { recursive: true });
    await (await open(path, "a", 0o600)).close();
    return session;
  }

  async release(session: Session): Promise<void> {
    await this.#write(this.#path(session.id), toText(session), { mode: 0o600 }).catch(() => undefined);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #path(id: string): string {
    return join(this.#directory, id.charAt(0), id.charAt(1), id);
  }
}

export function newId(): string {
  return randomBytes(16).toString("hex");
}

export function isId(id: string | undefined): id is string {
  return id !== undefined && /^[0-9a-f]{32}$/.test(id);
}

/** Never empty, as the encoding of an empty map is not in Go. */
export function toText({ userId }: Session): string {
  return JSON.stringify({ userId });
}

export function fromText(text: string): string {
  return text === "" ? "" : (JSON.parse(text) as { readonly userId: string }).userId;
}
