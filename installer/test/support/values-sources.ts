import { readFileSync } from "node:fs";
import { ValuesError } from "../../src/errors/installer-error.ts";
import { loadValues } from "../../src/values/load-values.ts";
import type { ValuesText } from "../../src/values/parse-values.ts";
import type { Values } from "../../src/values/values.generated.ts";
import { valuesSections } from "../../src/plan/values-sections.ts";

const root = new URL("../../../", import.meta.url);

/** The committed defaults. */
export const defaultsText: ValuesText = readText("values/values.yaml");

/** A committed file as a layer of values. */
export function readText(path: string): ValuesText {
  return { name: path, text: readFileSync(new URL(path, root), "utf8") };
}

/** The defaults with one file of the user's and arguments of `--set` over them. */
export function loadTestValues(file = "", sets: readonly string[] = []): Values {
  return loadValues({ defaults: defaultsText, files: [{ name: "my.yaml", text: file }], sets }, valuesSections())
    .values;
}

/** What is wrong with a user's file and arguments of `--set`, as a person reads it; empty when nothing is. */
export function listProblems(file: string, sets: readonly string[] = []): readonly string[] {
  try {
    loadTestValues(file, sets);
    return [];
  } catch (error) {
    if (error instanceof ValuesError) return error.details;
    throw error;
  }
}
