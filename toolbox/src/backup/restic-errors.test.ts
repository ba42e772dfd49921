import { describe, expect, it } from "vitest";
import {
  DamagedBackupError,
  isTriedInVain,
  lockedError,
  resticError,
  tellsOfDamage,
  tiredAfter,
  WrongKeyError,
} from "./restic-errors.ts";
import { count, damageIn, parseMessage, problemIn } from "./restic-messages.ts";

/** Lines that restic 0.18.0 wrote. */
const lines = {
  checked: [
    `{"message_type":"error","message":"pack b135d15a contains 2 errors: [blob 9299: decrypting blob <data/929958fa> from b135d15a failed: ciphertext verification failed]\\n"}`,
    `{"message_type":"error","message":"\\nThe repository contains damaged pack files. These damaged files must be removed.\\n\\n"}`,
    `{"message_type":"error","message":"restic repair packs b135d15a\\nrestic repair snapshots --forget\\n\\n"}`,
    `{"message_type":"error","message":"Damaged pack files can be caused by backend problems\\n"}`,
    `{"message_type":"exit_error","code":1,"message":"Fatal: repository contains errors"}`,
  ],
  item: `{"message_type":"error","error":{"message":"lstat: permission denied"},"during":"archival","item":"/a/b"}`,
  status: `{"message_type":"status","percent_done":1,"total_bytes":3,"bytes_done":3}`,
};

const problemsOf = (texts: readonly string[]): string[] => texts.flatMap((line) => problemIn(parseMessage(line)) ?? []);

it("one who begins anew by itself gives up what restic tries for too long, unless it goes well in between", () => {
  let now = 0;
  const isTired = tiredAfter(60, () => now);
  const again = "Save(<data/1a2b>) returned error, retrying after 1.1s: connection refused";
  const told = (at: number, line: string): boolean => {
    now = at * 1000;
    return isTired(line);
  };

  expect([told(0, again), told(60, again), told(61, again)]).toEqual([false, false, true]);
  expect([told(62, "Save(<data/1a2b>) operation successful after 3 retries"), told(63, again)]).toEqual([false, false]);
  expect([told(200, "something else"), told(200, again)]).toEqual([false, true]);
});

describe("what restic tells", () => {
  it("is a problem when it is an error, about an item or not, or no JSON at all", () => {
    expect(problemsOf([lines.item, lines.status, "/x does not exist, skipping", "{broken"])).toEqual([
      "/a/b: lstat: permission denied",
      "/x does not exist, skipping",
      "{broken",
    ]);
  });

  it("is damage without its own advice and without repetitions", () => {
    const problems = problemsOf([...lines.checked, ...lines.checked]);

    expect(problems.some(tellsOfDamage)).toBe(true);
    expect(damageIn(problems)).toEqual([expect.stringMatching(/^pack b135d15a contains 2 errors/)]);
  });

  it.each([
    [
      "Save(<lock/6b70>) returned error, retrying after 9.9s: open /repository/locks/6b70-tmp-2: read-only file system",
      true,
    ],
    [
      "Load(<data/6b70>, 0, 0) returned error, retrying after 1.2s: read /repository/data/6b/6b70: input/output error",
      true,
    ],
    ["Save(<data/6b70>) returned error, retrying after 2.1s: server response unexpected: 503", false],
    ["open /repository/locks/6b70: read-only file system", false],
    ["Save(<data/269e>) failed: write /repository/data/26/269e-tmp-1: no space left on device", true],
  ])("is tried in vain where a disk will do no better: %s", (line, isVain) => {
    expect(isTriedInVain(line)).toBe(isVain);
  });

  it("leaves out numbers that are nothing", () => {
    expect(count(parseMessage(lines.status), "bytes_done")).toBe(3);
    expect(count(parseMessage(lines.status), "files_restored")).toBe(0);
    expect(count(undefined, "x")).toBe(0);
  });
});

describe("how restic ends", () => {
  const error = (code: number | string, ...problems: readonly string[]) =>
    resticError({ doing: "storing the backup", path: "/repository", code, problems });

  it.each([
    [10, "repository does not exist", "there is no backup repository in /repository"],
    [12, "wrong password or no key found", "does not open the backup repository in /repository"],
    [1, "write /repository/tmp: no space left on device", "a disk is full"],
    [1, "pack 0a1b: does not exist", "is damaged: pack 0a1b: does not exist"],
    [1, "config file has zero size, invalid repository?", "is damaged: config file has zero size"],
    [2, "panic: runtime error: slice bounds out of range [16:1]", "is damaged: panic: runtime error"],
    [1, "open /repository/keys: permission denied", "permission denied"],
    [1, "create repository failed: repository already contains keys", "has keys, but its file config is gone"],
    [3, "/a: input/output error", "some files could not be read"],
    ["SIGKILL", "Save(<data/269e>) failed: write /repository/x: no space left on device", "a disk is full"],
    ["SIGKILL", "Load(<data/6b>) returned error, retrying after 1s: read /r/6b: input/output error", "disk of"],
    [1, "path tmp/x: not found", "restic ended with 1: path tmp/x: not found"],
  ])("%i, %s", (code, problem, words) => {
    expect(error(code, problem).message).toContain(words);
    expect(error(code, problem).advice).toBeDefined();
  });

  it("says how to come in where one key of several is damaged", () => {
    const damaged = error(1, "LoadRaw(<key/b8a1e2c4>): invalid data returned");

    expect(damaged).toBeInstanceOf(DamagedBackupError);
    expect(damaged.advice).toContain("carry the damaged file out of keys/");
  });

  it("tells damage and a wrong key apart by their class, and names three problems of many", () => {
    expect(error(1, "ciphertext verification failed")).toBeInstanceOf(DamagedBackupError);
    expect(error(12)).toBeInstanceOf(WrongKeyError);
    expect(error(1, "a", "b", "c", "d", "e").message).toMatch(/a; b; c \(and 2 more\)$/);
    expect(error(1).message).toMatch(/nothing was said$/);
  });

  it("names who holds the repository, with process and time", () => {
    const lock = { hostname: "run-7", pid: 18, time: "2026-11-30T11:27:32.786909941Z", exclusive: false };

    expect(lockedError("/repository", lock).message).toBe(
      "the backup repository in /repository is locked by process 18 on run-7 since 2026-11-30T11:27:32Z",
    );
  });
});

describe("what restic tells of a server", () => {
  const of = (text: string, code = 1) =>
    resticError({ doing: "storing the backup", path: "https://b.corp/x", code, problems: [text], isElsewhere: true });

  it.each([
    ["server response unexpected: 503 Service Unavailable (503)", "ToolboxError", "did not serve"],
    ["Save(<data/0a>) failed: write tcp 10.0.0.2: connection reset by peer", "ToolboxError", "did not serve"],
    ["Load(<index/0a>, 0, 0) failed: unexpected EOF", "ToolboxError", "did not serve"],
    [
      "Head: tls: failed to verify certificate: x509: unknown authority",
      "RepositoryUntrustedError",
      "cannot be trusted",
    ],
    ["unexpected HTTP response (401): 401 Unauthorized", "RepositoryCredentialError", "is refused"],
    ["client.PutObject: Access Denied.", "RepositoryCredentialError", "is not allowed"],
    ["ciphertext verification failed", "DamagedBackupError", "is damaged"],
  ])("%s", (text, name, words) => {
    const error = of(text);

    expect(error.message).toContain(words);
    expect(error.advice).not.toBe("");
    expect(error.name).toBe(name);
  });

  it("is not what it tried again and went well", () => {
    const retried = "Load(<data/0a>) returned error, retrying after 1.5s: unexpected EOF";

    expect(tellsOfDamage(retried)).toBe(false);
    expect(
      resticError({ doing: "x", path: "p", code: 1, problems: [retried, "no space left on device"], isElsewhere: true })
        .message,
    ).toContain("a disk is full");
  });
});
