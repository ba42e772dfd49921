import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** What a session of the web UI remembers: who signed in. */
export interface Session {
  readonly id: string;
  readonly userId: string;
}

/** Sessions as files below a directory, `a/b/ab…`, as beego keeps them: without that directory no request is answered. */
export class FileSessions {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * The session of that id, or a new one: a request without a known session leaves a file behind, as in Casdoor.
   * @throws {Error} when the directory cannot be written.
   */
  async open(id: string | undefined): Promise<Session> {
    if (id !== undefined && /^[0-9a-f]{32}$/.test(id)) {
      const userId = await readFile(this.#path(id), "utf8").catch(() => undefined);
      if (userId !== undefined) return { id, userId };
    }
    const session = { id: randomBytes(16).toString("hex"), userId: "" };
    await this.save(session);
    return session;
  }

  async save(session: Session): Promise<void> {
    const path = this.#path(session.id);
    await mkdir(join(path, ".."), { recursive: true });
    await writeFile(path, session.userId, { mode: 0o600 });
  }

  #path(id: string): string {
    return join(this.#directory, id.charAt(0), id.charAt(1), id);
  }
}
