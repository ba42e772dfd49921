import { InstallerError } from "../../src/errors/installer-error.ts";

/** The error that stops a run; anything else fails the test. */
export async function errorOf(run: () => Promise<unknown>): Promise<InstallerError> {
  try {
    await run();
  } catch (error) {
    if (error instanceof InstallerError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
