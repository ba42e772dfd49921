import { UsageError } from "../../errors/installer-error.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import { findKey, listKeysBelow, showValue } from "../../values/describe-value.ts";
import { adviseOnPath } from "../../values/foreign-keys.ts";
import { formatPath, type Origin, toPlainValue } from "../../values/sourced-value.ts";
import type { FilePorts, InstallTarget, ResultHead, ValuesSelection } from "../context.ts";
import { loadInstallValues } from "../desired/load-plan.ts";

export interface ShowValuesRequest extends InstallTarget {
  readonly values: ValuesSelection;
  /** Only this key, or what stands below it. */
  readonly key?: string;
}

export interface ShownValue {
  /** `postgres.resources.memory`. */
  readonly path: string;
  /** As it would be written; a secret is not shown. */
  readonly value: string;
  readonly from: ValueOrigin;
}

/** Where a value comes from; `recorded` is a file that the last complete install wrote. */
export interface ValueOrigin {
  readonly layer: "defaults" | "profile" | "recorded" | "file" | "set";
  readonly file: string;
  /** Counted from 1. */
  readonly line?: number;
}

export interface ValuesShowResult extends ResultHead<"ValuesShowResult"> {
  readonly name: string;
  readonly profile: string;
  /** Every value in effect, in the order of the defaults. */
  readonly values: readonly ShownValue[];
}

/**
 * Every value in effect, with the layer it comes from.
 * @throws ValuesError with every problem; UsageError for a key that does not exist; PreflightError when the recorded values are damaged
 */
export async function showValues(request: ShowValuesRequest, ports: FilePorts): Promise<ValuesShowResult> {
  const { leaves, profile } = await loadInstallValues(request, ports);
  const recorded = stateLayout(request.stateDir).values;
  const wanted = request.key === undefined ? [] : keyOf(request.key);
  const below = leaves().filter(({ path }) => wanted.every((name, index) => path[index] === name));
  if (below.length === 0) {
    throw new UsageError(`${formatPath(wanted)} is not set, and has no default`, {
      hint: `slipway values show ${wanted.slice(0, -1).join(".")} names what is set beside it`,
    });
  }
  const values = below.map(
    ({ path, value }): ShownValue => ({
      path: formatPath(path),
      value: showValue(path, toPlainValue(value)),
      from: originOf(value.origin, recorded),
    }),
  );
  return { apiVersion: "slipway/v1", kind: "ValuesShowResult", name: request.name, profile, values };
}

/** @throws UsageError when there is no such key */
function keyOf(key: string): readonly string[] {
  const path = key.split(".");
  if (findKey(path) !== undefined) return path;
  throw new UsageError(`there is no value ${JSON.stringify(key.slice(0, 80))}`, {
    hint: adviseOnPath(path) ?? describeNearest(path),
  });
}

/** What there is below the part of the path that exists. */
function describeNearest(path: readonly string[]): string {
  const known = path.slice(
    0,
    path.findIndex((_key, index) => findKey(path.slice(0, index + 1)) === undefined),
  );
  const keys = listKeysBelow(known).filter((key) => key !== "*");
  if (keys.length === 0) return `nothing stands below ${known.join(".")}`;
  return known.length === 0 ? `values are ${keys.join(", ")}` : `below ${known.join(".")} are ${keys.join(", ")}`;
}

function originOf({ layer, file, line }: Origin, recorded: string): ValueOrigin {
  return { layer: file === recorded ? "recorded" : layer, file, ...(line === undefined ? {} : { line }) };
}
