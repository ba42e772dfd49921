import { expect, it } from "vitest";
import { runProgram } from "./run-program.ts";

it("a program is ended as soon as it says what nothing can come of, and all that it said is there", async () => {
  const lines: string[] = [];

  const end = await runProgram("sh", ["-c", "echo out; echo one >&2; echo hopeless >&2; exec sleep 600"], {
    environment: {},
    onErrorLine: (line) => lines.push(line),
    isHopeless: (line) => line === "hopeless",
  });

  expect(end.code).toBe("SIGKILL");
  expect(end.output.toString()).toBe("out\n");
  expect(lines).toEqual(["one", "hopeless"]);
});
