import { type FakeProject, matchesPattern } from "./state.ts";

interface Selector {
  readonly pattern: string;
  readonly decoration?: string;
}

interface Selectors {
  readonly disabled?: boolean;
  readonly scope_selectors?: { readonly repository?: readonly Selector[] };
  readonly tag_selectors?: readonly Selector[];
}

/** Whether a rule of the project forbids moving or removing a tag. */
export function isImmutable(project: FakeProject, repository: string, tag: string): boolean {
  const short = repository.slice(project.name.length + 1);
  return project.rules.some((rule) => {
    const { scope_selectors: scope, tag_selectors: tags, disabled } = rule as Selectors;
    return disabled !== true && selects(scope?.repository?.[0], short) && selects(tags?.[0], tag);
  });
}

function selects(selector: Selector | undefined, text: string): boolean {
  if (selector === undefined) return false;
  const excludes = /excludes$/i.test(selector.decoration ?? "");
  return matchesPattern(selector.pattern, text) !== excludes;
}
