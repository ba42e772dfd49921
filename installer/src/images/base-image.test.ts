import { describe, expect, test } from "vitest";
import type { RunOptions, RunResult } from "../platform/ports.ts";
import { type BaseImageRequest, ensureDebianBase } from "./base-image.ts";

const request: BaseImageRequest = {
  debian: { suite: "trixie", image: "debian:trixie-slim" },
  repository: "slipway",
  mirror: { main: "http://m.example/debian", security: "http://m.example/debian-security" },
  workFolder: "/w",
};

/** A machine whose programs end with the given status (0 unless named) and whose engine has the given images. */
function machine(statuses: Readonly<Record<string, number>>, images: readonly string[] = []) {
  const calls: (readonly string[])[] = [];
  return {
    calls,
    ports: {
      docker: { imageId: (reference: string) => Promise.resolve(images.includes(reference) ? "sha256:1" : undefined) },
      exec: {
        run(command: string, args: readonly string[], options?: RunOptions): Promise<RunResult> {
          calls.push([command, ...args]);
          options?.onLine?.(`${command} says`, "stderr");
          const exitCode = statuses[`${command} ${args[0] ?? ""}`] ?? statuses[command] ?? 0;
          return Promise.resolve({ exitCode, stdout: "", stderr: "" });
        },
      },
    },
  };
}

describe("ensureDebianBase", () => {
  test("uses what the engine has and reaches for nothing", async () => {
    const pulled = machine({}, ["debian:trixie-slim"]);
    const made = machine({}, ["slipway/debian:trixie"]);

    expect(await ensureDebianBase(request, pulled.ports)).toBe("debian:trixie-slim");
    expect(await ensureDebianBase(request, made.ports)).toBe("slipway/debian:trixie");
    expect([...pulled.calls, ...made.calls]).toEqual([]);
  });

  test("pulls where a registry answers", async () => {
    const { ports, calls } = machine({});

    expect(await ensureDebianBase(request, ports)).toBe("debian:trixie-slim");
    expect(calls).toEqual([["docker", "pull", "--quiet", "debian:trixie-slim"]]);
  });

  test("makes the base from Debian packages where none does, under a name of our own", async () => {
    const { ports, calls } = machine({ "docker pull": 1 });

    expect(await ensureDebianBase(request, ports)).toBe("slipway/debian:trixie");
    const make = calls.find((call) => call[0] === "mmdebstrap" && call.length > 2) ?? [];
    expect(make.slice(-2)).toEqual([
      "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://m.example/debian trixie main",
      "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://m.example/debian-security trixie-security main",
    ]);
    expect(make.some((argument) => argument.includes('rm -f "$1"/etc/apt/sources.list'))).toBe(true);
    expect(calls.at(-1)?.slice(-2)).toEqual(["/w/debian.tar", "slipway/debian:trixie"]);
  });

  test("says what to install when the tool is missing", async () => {
    const { ports } = machine({ "docker pull": 1, mmdebstrap: 127 });

    await expect(ensureDebianBase(request, ports)).rejects.toMatchObject({
      code: "PREFLIGHT_FAILED",
      hint: expect.stringContaining("apt-get install mmdebstrap") as string,
    });
  });

  test("says how to name a mirror when none is configured", async () => {
    const { ports } = machine({ "docker pull": 1 });
    const { debian, repository, workFolder } = request;

    await expect(ensureDebianBase({ debian, repository, workFolder }, ports)).rejects.toMatchObject({
      code: "PREFLIGHT_FAILED",
      hint: expect.stringContaining("SLIPWAY_DEBIAN_MIRROR") as string,
    });
  });

  test("carries the last lines when making it fails", async () => {
    const { ports } = machine({ "docker pull": 1, "mmdebstrap --variant=minbase": 25 });

    await expect(ensureDebianBase(request, ports)).rejects.toMatchObject({
      message: "mmdebstrap says: making the Debian base with mmdebstrap failed",
      output: ["mmdebstrap says"],
    });
  });
});
