import { PreflightError } from "../../errors/installer-error.ts";

/** Gathers what is wrong with files, so that a person hears all of it at once. */
export class Problems {
  private readonly found: string[] = [];

  add(problem: string): void {
    if (!this.found.includes(problem)) this.found.push(problem);
  }

  /** @throws PreflightError with every problem, when there is one */
  refuseIfAny(what: string): void {
    if (this.found.length === 0) return;
    const count = this.found.length === 1 ? "1 problem" : `${this.found.length} problems`;
    throw new PreflightError(`${what} cannot be adopted as it stands: ${count}`, {
      details: this.found,
      hint: "correct a copy of the files, or the installation itself, and run the same command again; nothing was written",
    });
  }
}
