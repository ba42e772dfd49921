import { describe, expect, test } from "vitest";
import { plainLine, readBuildLine, reasonOfFailure } from "./build-lines.ts";

describe("readBuildLine", () => {
  test("gives a step where one begins, without its mounts", () => {
    expect(
      readBuildLine(
        "#12 [build 2/3] RUN --mount=type=secret,id=ca,mode=0444 --mount=type=cache,id=x   build-go program minio",
      ),
    ).toEqual({ step: "[build 2/3] RUN build-go program minio" });
    expect(readBuildLine("#12 DONE 3.0s")).toEqual({});
  });

  test.each([
    ["#12 4.123 packages: 940", { packages: 940 }],
    [
      "#12 41.5 github.com/minio/minio/cmd",
      { compiles: "github.com/minio/minio/cmd", work: "compiling github.com/minio/minio/cmd" },
    ],
    ["#12 41.5 gopkg.in/yaml.v3", { compiles: "gopkg.in/yaml.v3", work: "compiling gopkg.in/yaml.v3" }],
    ["#12 41.5 net/http", {}],
    [
      "#12 2.5 go: downloading github.com/klauspost/compress v1.18.0",
      { work: "downloading github.com/klauspost/compress" },
    ],
    ["#9 2.5 Unpacking libpq5:amd64 (17.6-0+deb13u1) ...", { work: "installing libpq5" }],
    ["#9 2.5 Get:3 http://mirror.example/debian trixie/main amd64 git amd64 1:2.47 [8862 kB]", {}],
    ["#12 4.123 error: no space left", {}],
  ])("reads %s", (line, read) => {
    expect(readBuildLine(line)).toEqual(read);
  });
});

test("plain lines lose BuildKit's number and clock", () => {
  expect(plainLine("#12 4.123 error: no space left")).toBe("error: no space left");
  expect(plainLine("#12 ERROR: exit code 1")).toBe("ERROR: exit code 1");
});

describe("reasonOfFailure", () => {
  const command = `/bin/sh -c if [ -s /run/secrets/goenv ]; then export GOENV=/run/secrets/goenv; fi: build-go minio "a: b"`;

  test("is the end of what BuildKit says, not the command line before it", () => {
    const bridge =
      `ERROR: failed to solve: process "${command}" did not complete successfully: failed to create endpoint k2j3h on network bridge: ` +
      "adding interface veth0a1b2c to bridge docker0 failed: bridge docker0 does not exist";

    expect(reasonOfFailure(["compiling", bridge])).toBe(
      "adding interface veth0a1b2c to bridge docker0 failed: bridge docker0 does not exist",
    );
  });

  test("is what the step printed last where BuildKit knows only its exit status", () => {
    const lines = [
      "go: downloading x v1",
      "x/y.go:7:2: undefined: Z",
      `ERROR: process "${command}" did not complete successfully: exit code: 1`,
      "------",
      " > [build 3/3] RUN build-go program minio:",
      "41.03 go: downloading x v1",
      "55.0 x/y.go:7:2: undefined: Z",
      "------",
      "Dockerfile:9",
      "  12 |     RUN build-go",
      "--------------------",
      `ERROR: failed to solve: process "${command}" did not complete successfully: exit code: 1`,
    ];

    expect(reasonOfFailure(lines)).toBe("x/y.go:7:2: undefined: Z");
  });

  test("is said to be missing where nothing was printed", () => {
    expect(reasonOfFailure([])).toBe("it printed nothing");
  });
});
