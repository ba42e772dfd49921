import { UsageError } from "../../errors/installer-error.ts";
import { suggestKey } from "../../values/suggest-key.ts";

/** Sections of the values that are components, by the names people know them under. */
const sectionOfName: Readonly<Record<string, string>> = {
  postgres: "postgres",
  redis: "redis",
  valkey: "redis",
  minio: "objectStore",
  "object-store": "objectStore",
  nats: "nats",
  gitaly: "gitaly",
  "gitlab-shell": "gitlabShell",
  registry: "registry",
  temporal: "temporal",
  "temporal-ui": "temporalUi",
  casdoor: "casdoor",
  gateway: "gateway",
  "landing-page": "landingPage",
};

/**
 * The section of the values that is meant by a component's name; both `gitlab-shell` and `gitlabShell` are understood.
 * @throws UsageError for a name no component has
 */
export function sectionOfComponent(name: string): string {
  const kebab = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const section = sectionOfName[kebab];
  if (section !== undefined) return section;
  const known = Object.keys(sectionOfName);
  const near = suggestKey(kebab, known);
  throw new UsageError(`there is no component "${name}"`, {
    hint: near === undefined ? `components are ${known.join(", ")}` : `did you mean ${near}?`,
  });
}
