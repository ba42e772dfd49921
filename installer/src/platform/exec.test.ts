import { expect, test } from "vitest";
import { createExec } from "./exec.ts";

const exec = createExec({
  PATH: process.env["PATH"],
  SECRET_OF_OURS: "hidden",
  HTTPS_PROXY: "http://proxy",
  DOCKER_HOST: "unix:///x",
});

test("hands a child only what it needs of the environment", async () => {
  const { stdout } = await exec.run("env", [], { env: { EXTRA: "1" } });
  const names = stdout
    .trim()
    .split("\n")
    .map((line) => line.split("=")[0] ?? "");

  expect(names).toEqual(expect.arrayContaining(["PATH", "HTTPS_PROXY", "DOCKER_HOST", "EXTRA"]));
  expect(names).not.toContain("SECRET_OF_OURS");
});

test("passes arguments as they are and lines as they come", async () => {
  const lines: string[] = [];
  const result = await exec.run("printf", ["%s\\n", "$HOME `id`", "two"], {
    onLine: (line, stream) => lines.push(`${stream} ${line}`),
  });

  expect(result.stdout).toBe("$HOME `id`\ntwo\n");
  expect(lines).toEqual(["stdout $HOME `id`", "stdout two"]);
});

test("an error shows the last 30 lines and not the arguments", async () => {
  const failing = exec.run("sh", ["-c", "seq 40; exit 3"]);

  await expect(failing).rejects.toMatchObject({ code: "APPLY_FAILED", message: "sh failed with exit status 3" });
  const { details } = (await failing.catch((error: unknown) => error)) as { readonly details: readonly string[] };
  expect([details.length, details[0], details.at(-1)]).toEqual([30, "11", "40"]);
});

test("a missing program is named", async () => {
  await expect(exec.run("no-such-program", [])).rejects.toMatchObject({ message: "no-such-program is not installed" });
});

test("is ended by its time limit and by an abort", async () => {
  const interrupt = new AbortController();
  const interrupted = exec.run("sleep", ["1000"], { signal: interrupt.signal });
  interrupt.abort();

  await expect(interrupted).rejects.toMatchObject({ code: "INTERRUPTED" });
  await expect(exec.run("sleep", ["1000"], { timeoutMs: 50 })).rejects.toMatchObject({ code: "APPLY_FAILED" });
});
