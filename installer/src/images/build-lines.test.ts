import { describe, expect, test } from "vitest";
import { plainLine, readBuildLine } from "./build-lines.ts";

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
