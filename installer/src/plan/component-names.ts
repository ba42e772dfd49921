import { UsageError } from "../errors/installer-error.ts";
import { componentDefinitions } from "./components/all.ts";
import type { ComponentDefinition } from "./define.ts";
import { mayBeOff } from "../values/may-be-off.ts";
import { suggestKey } from "../values/suggest-key.ts";
import { obeyRules } from "../values/validate-values.ts";
import type { Values } from "../values/values.generated.ts";
import { valuesSections } from "./values-sections.ts";

/** Sections of the values that are components, by every name people know them under. */
function sectionNames(definitions: readonly ComponentDefinition[]): ReadonlyMap<string, string> {
  return new Map(
    definitions.flatMap(({ id, section }) =>
      section === undefined
        ? []
        : [id, toKebab(section.key), ...(section.aliases ?? [])].map((name) => [name, section.key] as const),
    ),
  );
}

function toKebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/**
 * The section of the values that is meant by a component's name; both `gitlab-shell` and `gitlabShell` are understood.
 * @throws UsageError for a name no component has
 */
export function sectionOfComponent(
  name: string,
  definitions: readonly ComponentDefinition[] = componentDefinitions,
): string {
  const names = sectionNames(definitions);
  const section = names.get(toKebab(name));
  if (section !== undefined) return section;
  const known = [...names.keys()];
  const near = suggestKey(toKebab(name), known);
  throw new UsageError(`there is no component "${name}"`, {
    hint: near === undefined ? `components are ${known.join(", ")}` : `did you mean ${near}?`,
  });
}

/** The components that the platform works without, by their ids. */
function optionalIds(definitions: readonly ComponentDefinition[]): readonly string[] {
  return definitions.flatMap(({ id, section }) => (section !== undefined && mayBeOff(section) ? [id] : []));
}

/** What a person may type for a component: ids where one is meant that runs, and any name of what `--without` can leave out. */
export function componentWords(definitions: readonly ComponentDefinition[] = componentDefinitions): {
  readonly all: readonly string[];
  readonly optional: readonly string[];
} {
  const optional = optionalIds(definitions);
  return {
    all: definitions.flatMap(({ id, section }) => (section === undefined ? [] : [id])),
    optional: [...sectionNames(definitions.filter(({ id }) => optional.includes(id))).keys()],
  };
}

/**
 * The options that leave all these components out, by their ids; undefined where the platform does not work without one of them, or
 * something else that these values ask for does not.
 */
export function withoutOptions(ids: readonly string[], values?: Values): string | undefined {
  const optional = optionalIds(componentDefinitions);
  if (!ids.every((id) => optional.includes(id))) return undefined;
  if (values !== undefined && !worksWithout(ids, values)) return undefined;
  return ids.map((id) => `--without ${id}`).join(" ");
}

function worksWithout(ids: readonly string[], values: Values): boolean {
  const off = ids.map((id) => {
    const key = sectionOfComponent(id);
    return [key, { ...(values as unknown as Readonly<Record<string, object>>)[key], mode: "off" }] as const;
  });
  return obeyRules({ ...values, ...Object.fromEntries(off) }, valuesSections());
}

/** Ways to go on without images that cannot be had, as one hint; leaving components out is among them only where that works. */
export function describeWays(ways: readonly string[], components: readonly string[], values?: Values): string {
  const without = withoutOptions(components, values);
  const all = [
    ...ways,
    ...(without === undefined
      ? []
      : [`leave the ${components.length === 1 ? "component" : "components"} out: ${without}`]),
  ];
  return all.length === 1 ? all.join("") : `${all.slice(0, -1).join(", ")}, or ${all.at(-1) ?? ""}`;
}
