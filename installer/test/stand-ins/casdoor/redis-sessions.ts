import { createClient } from "@redis/client";
import type { RedisEndpoint } from "./redis-endpoint.ts";
import { fromText, isId, newId, type Session, type Sessions, toText } from "./sessions.ts";

type RedisClient = ReturnType<typeof connection>;

/** Sessions in Redis, as beego keeps them: the id is the key, and it lives as long as the cookie. Only a request's end writes one. */
export class RedisSessions implements Sessions {
  readonly #client: RedisClient;
  readonly #seconds: number;

  private constructor(client: RedisClient, seconds: number) {
    this.#client = client;
    this.#seconds = seconds;
  }

  /**
   * Connects and asks for an answer, as beego does before it listens.
   * @throws {Error} what the server or the socket says; Casdoor panics.
   */
  static async connect(endpoint: RedisEndpoint, seconds: number): Promise<RedisSessions> {
    let connected = false;
    const client = connection(endpoint, () => (connected ? 500 : false));
    // Without a listener a connection that breaks would end the program; commands fail with the same error.
    client.on("error", () => undefined);
    try {
      await client.connect();
      await client.ping();
      connected = true;
    } catch (error) {
      if (client.isOpen) client.destroy();
      throw error;
    }
    return new RedisSessions(client, seconds);
  }

  async open(id: string | undefined): Promise<Session> {
    const text = isId(id) ? await this.#client.get(id) : null;
    return isId(id) && text !== null ? { id, userId: fromText(text) } : { id: newId(), userId: "" };
  }

  async release(session: Session): Promise<void> {
    await this.#client
      .set(session.id, toText(session), { expiration: { type: "EX", value: this.#seconds } })
      .catch(() => undefined);
  }

  close(): Promise<void> {
    this.#client.destroy();
    return Promise.resolve();
  }
}

/** `retryIn` says after how many milliseconds a lost connection is tried again, or that it is not. */
function connection({ host, port, password, database }: RedisEndpoint, retryIn: () => number | false) {
  return createClient({
    socket: { host, port, connectTimeout: 8000, reconnectStrategy: retryIn },
    RESP: 2,
    disableClientInfo: true,
    disableOfflineQueue: true,
    database,
    ...(password === "" ? {} : { password }),
  });
}
