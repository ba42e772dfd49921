import { PreflightError } from "../../../errors/installer-error.ts";
import type { Check } from "../../check.ts";
import { helmMajor } from "../helm-program.ts";
import type { HelmPorts } from "../helm-ports.ts";

export function helmProgram(ports: Pick<HelmPorts, "exec" | "environment">): Check {
  return {
    id: "cluster.helm",
    title: "The helm program",
    why: "the release is applied by helm, so that it can be looked at with helm, too",
    severity: "failure",
    run: async () => {
      try {
        await helmMajor(ports);
        return [];
      } catch (error) {
        if (!(error instanceof PreflightError)) throw error;
        return [{ message: error.message, remedy: error.hint ?? "" }];
      }
    },
  };
}
