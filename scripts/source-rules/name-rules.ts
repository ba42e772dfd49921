/** Files of `installer/src` that may not hold certain words in names, imports and texts. */
export interface NameRule {
  readonly about: string;
  readonly words: readonly string[];
  /** Where the words are at home or mean something else; paths below `installer/src`. */
  readonly home: (path: string) => boolean;
  /** What holds a word and is not meant. */
  readonly allowed: readonly RegExp[];
  /** Places that hold words for a reason. The counts may only become smaller. */
  readonly exemptions: Readonly<Record<string, Exemption>>;
}

export interface Exemption {
  readonly count: number;
  readonly reason: string;
}

/** What is known of other installers, which call their programs and targets by the same names. */
const homes = ["actions/adopt/"];

/** Components whose name is a common word here: a layer, a role that any component may have, a kind of page, a command. */
const commonWords = ["registry", "gateway", "landing-page", "verification", "backup"];

/**
 * Only a component's own file names it. Everybody else asks the Plan or the component definitions.
 * @param components ids of all components
 */
export function componentNames(components: readonly string[]): NameRule {
  const own = components.map((id) => `values/rules/${id}-rules.ts`);
  return {
    about: "only a component's own file names it: ask the Plan or componentDefinitions instead",
    words: components.filter((id) => !commonWords.includes(id)),
    home: (path) =>
      [...homes, "plan/components/", "plan/groups/"].some((folder) => path.startsWith(folder)) || own.includes(path),
    allowed: [
      // Help shows real names, or nobody could try it.
      /\bslipway [a-z][^\n]*/g,
      /for example [^\n]*/g,
    ],
    exemptions: {
      "cli/commands/consoles.ts": { count: 2, reason: "a program that people know by this name, of whatever service" },
      "cli/ui/named-commands.ts": { count: 1, reason: "the command that opens such a program" },
      "plan/console.ts": { count: 1, reason: "the same command" },
      "plan/model.ts": { count: 3, reason: "protocols that are called as the programs that speak them" },
      "render/addresses.ts": { count: 5, reason: "the same protocols, and the schemes of their addresses" },
      "render/hardening/config-rules.ts": {
        count: 1,
        reason: "reads the configuration of a program, by its file name",
      },
      "render/hardening/hardening-rules.ts": { count: 1, reason: "the wording of rule S24" },
      "render/hardening/hardening-exemptions.ts": {
        count: 4,
        reason: "exemptions are for one component each, by their nature",
      },
      "render/helm/target-differences.ts": { count: 3, reason: "explains a difference by an example" },
    },
  };
}

const targetWords = ["docker", "dockerode", "compose", "containerd", "kubernetes", "kubectl", "helm", "k8s"];

/** Layers in which a target is never named. Others hold a target's own folders, or read formats that Docker gave its name to. */
const neutral = ["language/", "errors/", "events/", "values/", "plan/", "execute/", "actions/", "engine/", "cli/"];

/** About images, which formats and registries of Docker's name are part of. */
const formats = ["actions/bundle/"];

const ownHomes = [...formats, ...homes];

/** Only a target's own folders name it. Everybody else asks the target that the install has. */
export const targetNames: NameRule = {
  about: "only a target's own folders name it: ask the target that the install has",
  words: targetWords,
  home: (path) =>
    !neutral.some((layer) => path.startsWith(layer)) || ownHomes.some((folder) => path.startsWith(folder)),
  allowed: [
    // Registries, and what registries and engines call things on the wire.
    /\bdocker\.io\b|\bregistry\.k8s\.io\b|\bdocker-(content-digest|distribution-api-version)\b/gi,
    /\bio\.containerd\.image\.name\b|\bdocker login\b|\bdocker save\b/g,
    // Help shows real commands.
    /\bslipway [a-z][^\n]*/g,
  ],
  exemptions: {
    "errors/exit-codes.ts": { count: 2, reason: "the documented meaning of an exit code, which targets share" },
    "values/rules/size-rules.ts": {
      count: 1,
      reason: "quantities are written as Kubernetes does, and the hint says so",
    },
    "values/rules/name-rules.ts": { count: 1, reason: "a folder that is no place for data, whatever the target" },
    "actions/images/images.ts": { count: 1, reason: "the builder of images takes an engine under this name" },
    "actions/push/registry-options.ts": { count: 2, reason: "hosts of public registries, in a regular expression" },
    "cli/commands/adopt.ts": { count: 4, reason: "the files of another installer, and the programs that print them" },
    "cli/commands/bundle-load.ts": { count: 2, reason: "the one kind of engine that images are loaded into" },
    "cli/commands/bundle.ts": { count: 2, reason: "a tool that people carry, as an example" },
    "cli/commands/render.ts": { count: 1, reason: "says which files each target's rendering has" },
    "cli/ui/print-bundle.ts": { count: 1, reason: "says which engine a bundle's images need" },
    "engine/targets.ts": { count: 11, reason: "the composition root is where a name becomes a target" },
    "execute/state/format-1.ts": { count: 1, reason: "records of 0.1.0, which knew one target only" },
    "plan/groups/hub-settings.ts": { count: 3, reason: "variables that the hub's programs read under this name" },
    "values/parse-values.ts": { count: 3, reason: "a step of the YAML parser is called composing" },
  },
};
