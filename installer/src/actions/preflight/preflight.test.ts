import { expect, it } from "vitest";
import { PreflightError } from "../../errors/installer-error.ts";
import { requireNoFailure } from "./preflight.ts";

const failure = { id: "ports.bindable", severity: "failure" as const, message: "port 80 is taken", remedy: "free it" };

it("says each failure once, with its remedy, and lets warnings pass", () => {
  const warning = { ...failure, id: "disk.speed", severity: "warning" as const };

  expect(() => requireNoFailure({ checks: 1, findings: [warning] })).not.toThrow();
  try {
    requireNoFailure({ checks: 2, findings: [failure, warning] });
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(PreflightError);
    expect(error).toMatchObject({
      message: "a requirement is not met",
      details: ["[ports.bindable] port 80 is taken", "    free it"],
    });
  }
});
