import type { ValuesSelection } from "../actions/context.ts";
import { type LoadPorts, readPlanInputs } from "../actions/desired/load-plan.ts";
import { parseIfPossible } from "../actions/desired/values-files.ts";
import { stateLayout } from "../execute/state/layout.ts";
import { fieldsOf } from "../language/fields.ts";
import { mergeValues } from "../values/merge-values.ts";
import { parseSet } from "../values/parse-set.ts";
import { type SourcedValue, toPlainValue } from "../values/sourced-value.ts";

interface PlaceSources {
  readonly name?: string;
  readonly stateDir?: string;
  readonly values?: ValuesSelection;
}

/** Where on its target an install is to be, in the words of the values. */
export interface AskedPlace {
  readonly context?: string;
  readonly namespace?: string;
}

/**
 * What files and `--set` of a request say about the place; what is recorded does not count. Values that are wrong are told by the command
 * itself.
 * @throws UsageError for a profile or file that does not exist; PreflightError when the recorded values are damaged
 */
export async function askedPlace(
  { name, stateDir, values }: PlaceSources,
  { fs, assets }: Pick<LoadPorts, "fs" | "assets">,
): Promise<AskedPlace> {
  if (name === undefined || stateDir === undefined || values === undefined) return {};
  const { files, set } = await readPlanInputs({ name, stateDir, values }, { fs, assets });
  const recorded = stateLayout(stateDir).values;
  const given = [
    ...files.filter((file) => file.name !== recorded).map(parseIfPossible),
    ...set.map(parseSetIfPossible),
  ].filter((part) => part !== undefined);
  const [first, ...others] = given;
  if (first === undefined) return {};
  const { context, namespace } = fieldsOf(fieldsOf(toPlainValue(mergeValues([first, ...others])))["cluster"]);
  return {
    ...(isNamed(context) && { context }),
    ...(isNamed(namespace) && { namespace }),
  };
}

function parseSetIfPossible(argument: string): SourcedValue | undefined {
  try {
    return parseSet(argument);
  } catch {
    return undefined;
  }
}

/** Empty is as good as not given. */
function isNamed(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
