import { afterEach, describe, expect, it } from "vitest";
import { gitCallbackRoutes } from "./git-callbacks.ts";
import { signHmacToken } from "./hmac-token.ts";
import { json, listen } from "./http.ts";

const secret = "callback";
const url = "http://127.0.0.1";
/** Nobody and nothing is known. */
const unknown = () => Promise.resolve(json(404, { message: "404 Not found" }));
const hooks = { authorizedKeys: unknown, allowed: unknown, lfsAuthenticate: unknown };
const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function ask(method: string, path: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const lines: string[] = [];
  ends.push(await listen(0, gitCallbackRoutes(secret, hooks), (line) => lines.push(line)));
  const port = /port (\d+)/.exec(lines[0] ?? "")?.[1] ?? "";
  return (await fetch(`${url}:${port}${path}`, { method, headers })).status;
}

const seconds = Math.floor(Date.now() / 1000);
const header = "Gitlab-Shell-Api-Request";
const unsigned = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${Buffer.from("{}").toString("base64url")}.`;

describe("callbacks of Gitaly and GitLab Shell", () => {
  it.each([
    ["signed", { [header]: signHmacToken({ iss: "gitlab-shell", exp: seconds + 60 }, secret) }, 200],
    ["signed, as a bearer's", { authorization: `Bearer ${signHmacToken({}, secret)}` }, 200],
    ["signed with another key", { [header]: signHmacToken({}, "other") }, 401],
    ["not signed", { [header]: unsigned }, 401],
    ["over", { [header]: signHmacToken({ exp: seconds - 60 }, secret) }, 401],
    ["not yet valid", { [header]: signHmacToken({ nbf: seconds + 60 }, secret) }, 401],
    ["no token", { [header]: "a.b.c" }, 401],
    ["without", {}, 500],
  ])("%s", async (_, headers, status) => {
    expect(await ask("POST", "/api/v4/internal/pre_receive", headers)).toBe(status);
    expect(await ask("POST", "/api/v1/internal/post_receive", headers)).toBe(status);
  });

  it("answers 404 to another method", async () => {
    expect(await ask("GET", "/api/v4/internal/allowed", {})).toBe(404);
  });
});
