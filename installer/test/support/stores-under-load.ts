import { setTimeout as delay } from "node:timers/promises";
import { type HttpAnswer, sendHttp } from "../../../toolbox/src/http-request.ts";
import {
  type PlatformStores,
  type Reached,
  readSecret,
  type StoreKinds,
  storeOpeners,
  storeSecrets,
} from "./platform-stores.ts";
import type { RecordedRequest } from "./request-record.ts";

/** Longer than a store that serves takes for an answer, on a busy machine too. */
const patienceMs = 3000;
const restMs = 100;

/**
 * Stores that people go on asking while secrets are replaced and stores start anew. A connection that is lost is opened anew, with the secret
 * that was good so far or the one that lies in its place by now: what is noted as failed, no secret would have opened.
 */
export interface StoresUnderLoad extends PlatformStores {
  readonly requests: readonly RecordedRequest[];
  /** Asks each kind of store and the page of the gateway, again and again. */
  askAll(): void;
}

export async function openStoresUnderLoad(platform: Reached): Promise<StoresUnderLoad> {
  const requests: RecordedRequest[] = [];
  const kinds = Object.keys(storeSecrets) as (keyof StoreKinds)[];
  const good = new Map<keyof StoreKinds, string>();
  for (const kind of kinds) good.set(kind, await readSecret(platform, storeSecrets[kind]));

  const note = async <T>(kind: string, ask: () => Promise<T>): Promise<T> => {
    const begun = Date.now();
    try {
      const answer = await ask();
      requests.push({ kind, begun, ended: Date.now() });
      return answer;
    } catch (error) {
      requests.push({ kind, begun, ended: Date.now(), failure: String(error) });
      throw error;
    }
  };

  /** One connection of a kind for each secret; several ask by it. */
  const reopening = <Kind extends keyof StoreKinds>(kind: Kind) => {
    const open = new Map<string, Promise<StoreKinds[Kind]>>();
    const tryWith = async <T>(secret: string, use: (store: StoreKinds[Kind]) => Promise<T>): Promise<T> => {
      const mine = open.get(secret) ?? storeOpeners[kind](platform, secret);
      open.set(secret, mine);
      try {
        const answer = await within(patienceMs, mine.then(use));
        good.set(kind, secret);
        return answer;
      } catch (error) {
        if (open.get(secret) === mine) open.delete(secret);
        mine.then((store) => store.close()).catch(() => undefined);
        throw error;
      }
    };
    return {
      ask: <T>(use: (store: StoreKinds[Kind]) => Promise<T>): Promise<T> =>
        note(kind, async () => {
          const [former = "", present] = [good.get(kind), await readSecret(platform, storeSecrets[kind])];
          try {
            return await tryWith(former, use);
          } catch (error) {
            if (present === former) throw error;
            return tryWith(present, use);
          }
        }),
      close: async () => {
        await Promise.allSettled([...open.values()].map(async (store) => (await store).close()));
      },
    };
  };
  const [sql, git, messages] = [reopening("sql"), reopening("git"), reopening("messages")];
  const [objects, images] = [reopening("objects"), reopening("images")];

  let closed = false as boolean;
  const asking: Promise<void>[] = [];
  const repeat = async (ask: () => Promise<unknown>): Promise<void> => {
    while (!closed) {
      await ask().catch(() => undefined);
      await delay(restMs);
    }
  };
  const page = `http://127.0.0.1:${platform.ports.http}/`;
  return {
    requests,
    query: (statement, values) => sql.ask((store) => store.query(statement, values)),
    push: (repository, content) => git.ask((store) => store.push(repository, content)),
    fileIn: (repository, commit, fileName) => git.ask((store) => store.fileIn(repository, commit, fileName)),
    object: (method, key, body) => objects.ask(async (store) => served(await store.object(method, key, body), 403)),
    registry: (request) => images.ask(async (store) => served(await store.registry(request), 401)),
    prepare: () => messages.ask((store) => store.prepare()),
    publish: (text) => messages.ask((store) => store.publish(text)),
    message: (sequence) => messages.ask((store) => store.message(sequence)),
    askAll: () => {
      asking.push(
        repeat(() => note("page", async () => served(await sendHttp({ url: page, timeoutMs: patienceMs })))),
        repeat(() => sql.ask((store) => store.query("select 1"))),
        repeat(() => git.ask((store) => store.fileIn("@hashed/no/ne/none.git", "0".repeat(40), "none"))),
        repeat(() => objects.ask(async (store) => served(await store.object("GET", "none"), 403))),
        repeat(() => images.ask(async (store) => served(await store.registry({ path: "" }), 401))),
        repeat(() => messages.ask((store) => store.message(1))),
      );
    },
    close: async () => {
      closed = true;
      await Promise.all(asking);
      await Promise.allSettled([sql, git, messages, objects, images].map((store) => store.close()));
    },
  };
}

/** @throws {Error} for an answer that says that nobody is there, or that the secret is another */
function served(answer: HttpAnswer, stranger?: number): HttpAnswer {
  if (answer.status >= 500 || answer.status === stranger) throw new Error(`answered with ${answer.status}`);
  return answer;
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const late = delay(ms, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`no answer within ${ms} ms`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
    late.catch(() => undefined);
  }
}
