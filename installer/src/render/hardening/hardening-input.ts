import type { HelmSecret } from "../helm/helm-rendering.ts";
import type { RenderedFile } from "../rendered-file.ts";

/** Rendered output to be checked. Nothing is read from a plan: what counts is what reaches the engine or the cluster. */
export type HardeningInput =
  | { readonly target: "compose"; readonly files: readonly RenderedFile[] }
  | { readonly target: "helm"; readonly objects: readonly KubernetesObject[]; readonly secrets: readonly HelmSecret[] };

/** A Kubernetes object as `helm template` gives it. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** A rule broken at a place: a service, an object, or a file of one. */
export interface HardeningFinding {
  readonly rule: RuleId;
  readonly target: "compose" | "helm";
  readonly where: string;
  readonly message: string;
}

export type RuleId = `S${number}`;

/** What a rule says of one target; the caller adds rule and target. */
export interface Problem {
  readonly where: string;
  readonly message: string;
}

export type Rules<T> = Readonly<Partial<Record<RuleId, (subject: T) => readonly Problem[]>>>;

/** One problem at a place when the condition holds, else none. */
export function problemIf(condition: boolean, where: string, message: string): readonly Problem[] {
  return condition ? [{ where, message }] : [];
}
