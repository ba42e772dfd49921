import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { shellQuote } from "./shell-quote.ts";

test.each([["plain"], [""], ["it's"], ['$(id) `id` \\ " * ~ !'], ["two\nlines"]])(
  "a shell reads %j as it is",
  (text) => {
    expect(execFileSync("/bin/sh", ["-c", `printf %s ${shellQuote(text)}`], { encoding: "utf8" })).toBe(text);
  },
);
