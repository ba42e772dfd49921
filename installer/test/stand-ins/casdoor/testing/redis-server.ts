import { createServer, type Server, type Socket } from "node:net";

/** As much of Redis as sessions and locks ask of it, with a password. */
export interface RedisServer {
  readonly port: number;
  /** What is kept: key, text and how many seconds it lives. */
  readonly kept: ReadonlyMap<string, { readonly text: string; readonly seconds: number }>;
  close(): Promise<void>;
}

/** Listens on a free port of this machine. */
export async function startRedis(password: string): Promise<RedisServer> {
  const kept = new Map<string, { readonly text: string; readonly seconds: number }>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let loggedIn = false;
    let waiting = "";
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      waiting += bytes.toString("latin1");
      for (let next = readCommand(waiting); next !== undefined; next = readCommand(waiting)) {
        waiting = waiting.slice(next.length);
        const [name = "", ...words] = next.words;
        if (name.toUpperCase() === "AUTH") loggedIn = words.at(-1) === password;
        socket.write(loggedIn ? answer(kept, name.toUpperCase(), words) : refusal(name));
      }
    });
  });
  const port = await listening(server);
  const close = (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(() => resolve()));
  };
  return { port, kept, close };
}

type Kept = Map<string, { readonly text: string; readonly seconds: number }>;

function answer(kept: Kept, name: string, words: readonly string[]): string {
  const [key = "", text = "", , seconds = "0"] = words;
  switch (name) {
    case "PING":
      return "+PONG\r\n";
    case "SET":
      if (words.includes("NX") && kept.has(key)) return "$-1\r\n";
      kept.set(key, { text, seconds: Number(seconds) });
      return "+OK\r\n";
    case "GET": {
      const found = kept.get(key)?.text;
      return found === undefined ? "$-1\r\n" : `$${found.length}\r\n${found}\r\n`;
    }
    case "EVAL":
      return `:${giveBack(kept, words)}\r\n`;
    default:
      return "+OK\r\n";
  }
}

/** The one script there is gives a lock back: `EVAL script 1 key holder`. */
function giveBack(kept: Kept, [, , lock = "", holder]: readonly string[]): number {
  return kept.get(lock)?.text === holder && kept.delete(lock) ? 1 : 0;
}

function refusal(name: string): string {
  return name.toUpperCase() === "AUTH"
    ? "-WRONGPASS invalid username-password pair\r\n"
    : "-NOAUTH Authentication required.\r\n";
}

/** The first whole command of what has come, `*2\r\n$3\r\nGET\r\n$1\r\nx\r\n`, and how long it is. */
function readCommand(text: string): { readonly words: readonly string[]; readonly length: number } | undefined {
  const head = /^\*(\d+)\r\n/.exec(text);
  if (head === null) return undefined;
  const words: string[] = [];
  let at = head[0].length;
  for (let left = Number(head[1]); left > 0; left -= 1) {
    const size = /^\$(\d+)\r\n/.exec(text.slice(at));
    if (size === null) return undefined;
    const from = at + size[0].length;
    const to = from + Number(size[1]);
    if (text.length < to + 2) return undefined;
    words.push(text.slice(from, to));
    at = to + 2;
  }
  return { words, length: at };
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}
