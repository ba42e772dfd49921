import { expect, test } from "vitest";
import { createMemoryFileSystem } from "../../../test/support/memory-ports.ts";
import { createMemoryTarget } from "../../../test/support/memory-target.ts";
import type { ActionPorts } from "../context.ts";
import { logs } from "./logs.ts";

test("a name nothing is installed under is an error, not silence", async () => {
  const ports = {
    fs: createMemoryFileSystem(),
    target: createMemoryTarget().target,
  } as unknown as ActionPorts;
  const request = { name: "typo", stateDir: "/state", components: [], follow: false, tail: 1, onLine: () => undefined };

  await expect(logs(request, ports)).rejects.toMatchObject({
    code: "PREFLIGHT_FAILED",
    message: "nothing is installed under the name typo",
  });
});
