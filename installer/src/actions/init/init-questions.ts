import { ValuesError } from "../../errors/installer-error.ts";
import type { Ask, AnswerCheck } from "../../events/ask.ts";
import { compareText } from "../../language/compare-text.ts";
import { componentDefinitions } from "../../plan/components/all.ts";
import type { ComponentDefinition, ImageTable } from "../../plan/define.ts";
import { addressingKind, portsInUse } from "../../values/addressing.ts";
import { isIpv4, isLoopbackName, findHostNameFault } from "../../values/host-names.ts";
import { mayBeOff } from "../../values/may-be-off.ts";
import { parseQuantity } from "../../values/quantity.ts";
import { type PortName, type Section, valuesOf } from "../../values/section.ts";
import type { Values } from "../../values/values.generated.ts";
import { checkCertificate, checkDataDirectory, checkKey, type PathPorts } from "./check-paths.ts";
import {
  describeDisk,
  describeMemory,
  findRoom,
  fitDisks,
  fitMemory,
  type HostRoom,
  type Sized,
  usualPlace,
} from "./host-fit.ts";
import { type Demand, demandOf, type Estimate, notesOn, usualEstimate } from "./sizing.ts";
import { estimateQuestions, repositoriesId, usersId } from "./estimate-questions.ts";
import { type Answers, type Question, runWizard } from "./wizard.ts";

export interface WizardBasis {
  /** Text of the schema: it holds the words of the questions. */
  readonly schema: string;
  readonly defaults: Values;
  readonly images: ImageTable;
  readonly profile: string;
  /** What is proposed where it is asked how large the platform will become. */
  readonly estimate: Estimate;
  /** Where data lies that has no directory of its own, where the target says so. */
  readonly dataPlace?: string | undefined;
  /** Where the answers go. */
  readonly out: string;
  /** @throws ValuesError for `--set` arguments that break a rule */
  readonly load: (sets: readonly string[]) => unknown;
}

interface SchemaNode {
  readonly title?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
}

/** The sections of what belongs to a profile. */
function sectionsOf(profile: string, definitions: readonly ComponentDefinition[]): readonly Section[] {
  return definitions.flatMap(({ section, profiles }) =>
    section === undefined || profiles?.includes(profile) === false ? [] : [section],
  );
}

/** Id of the question which components run; all others are those of the value that they decide. */
const componentsId = "components";
const memoryId = "memory";

/** What was answered, and what has to be said about it in the file. */
export interface Answered {
  readonly sets: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Asks what has to be decided; gives `--set` arguments for what was answered, and notes on the sizes among them.
 * @throws AbortError when a question was not answered, or the summary declined
 */
export async function askForValues(ask: Ask, basis: WizardBasis, ports: PathPorts): Promise<Answered> {
  const wizard = questionnaire(basis, ports);
  const answers = await runWizard(ask, {
    questions: wizard.questions,
    problem: (given) => problemOf(() => basis.load(wizard.sets(given))),
    deed: `write ${basis.out}`,
  });
  return { sets: wizard.sets(answers), notes: wizard.notes(answers) };
}

function problemOf(load: () => unknown): string | undefined {
  try {
    load();
    return undefined;
  } catch (error) {
    if (error instanceof ValuesError) return error.details.join("; ");
    throw error;
  }
}

/** What was answered so far, with what is proposed in place of the rest. */
interface Sight {
  readonly text: (id: string, preset: string) => string;
  readonly list: (id: string, preset: readonly string[]) => readonly string[];
}

function sightOf(answers: Answers): Sight {
  return {
    text: (id, preset) => {
      const answer = answers.get(id);
      return typeof answer === "string" ? answer : preset;
    },
    list: (id, preset) => {
      const answer = answers.get(id);
      return Array.isArray(answer) ? (answer as readonly string[]) : preset;
    },
  };
}

function questionnaire(basis: WizardBasis, ports: PathPorts) {
  const { defaults, profile } = basis;
  const find = finder(basis.schema);
  const sections = sectionsOf(profile, componentDefinitions);
  // By key: a stable order, whatever the order of the definitions.
  const optional = sections.filter(mayBeOff).toSorted((a, b) => compareText(a.key, b.key));
  const usual = optional.filter(({ key }) => valuesOf(defaults, key).mode !== "off").map(({ key }) => key);
  const presentIn = (sight: Sight): readonly Section[] => {
    const chosen = sight.list(componentsId, usual);
    return sections.filter((section) => !optional.includes(section) || chosen.includes(section.key));
  };
  const estimateIn = (sight: Sight): Estimate => ({
    users: Number(sight.text(usersId, String(basis.estimate.users))),
    repositories: Number(sight.text(repositoriesId, String(basis.estimate.repositories))),
  });
  /** Room was looked at for the answers that count now: what is proposed for it goes into the values. */
  let looked: { readonly demand: Demand; readonly room: HostRoom } | undefined;

  async function questions(answers: Answers): Promise<readonly Question[]> {
    const sight = sightOf(answers);
    const domain = sight.text("domain", defaults.domain);
    const present = presentIn(sight);
    const dataDir = sight.text("dataDir", defaults.dataDir);
    const room = await findRoom(dataDir === "" ? (basis.dataPlace ?? usualPlace) : dataDir, ports);
    const demand = demandOf(present, defaults, estimateIn(sight));
    looked = { demand, room };
    return [
      domainQuestion(find, defaults),
      ...tlsQuestions(find, { domain, sight }, ports),
      componentsQuestion(basis, find, optional, usual),
      ...portQuestions(find, defaults, portsFor(domain, defaults, present), sight),
      ...estimateQuestions(basis.estimate),
      dataDirQuestion(find, defaults, ports),
      ...(fitMemory(demand.memory, room) === undefined ? [] : [memoryQuestion(demand.memory, room)]),
      ...diskQuestions(find, demand.disks, room),
    ];
  }

  /** As `--set` arguments. */
  function sets(answers: Answers): readonly string[] {
    const sight = sightOf(answers);
    const chosen = sight.list(componentsId, usual);
    const given = [...answers].flatMap(([id, answer]) => {
      if (typeof answer !== "string" || notOfValues.includes(id)) return [];
      return [id.startsWith("ports.") ? `${id}=${answer}` : set(id, answer)];
    });
    const modes = optional.map(({ key }) => `${key}.mode=${chosen.includes(key) ? "embedded" : "off"}`);
    return withFitting([...given, ...modes], memorySets(sight), basis);
  }

  function memorySets(sight: Sight): readonly string[] {
    if (looked === undefined) return [];
    const { demand, room } = looked;
    const wanted = new Map(demand.memory.map(({ key, usual: size }) => [key, size]));
    const limits = sight.text(memoryId, "usual") === "fitted" ? (fitMemory(demand.memory, room) ?? wanted) : wanted;
    return [...limits].map(([key, size]) => `${key}.resources.memory=${size}`);
  }

  /** Of an estimate that somebody made, or of a host that the usual one does not fit. */
  function notes(answers: Answers): readonly string[] {
    if (looked === undefined) return [];
    const estimate = estimateIn(sightOf(answers));
    const all = notesOn(looked.demand, estimate, looked.room);
    const isUsual = estimate.users === usualEstimate.users && estimate.repositories === usualEstimate.repositories;
    return isUsual && all.length === 1 ? [] : all;
  }
  return { questions, sets, notes };
}

const notOfValues: readonly string[] = [memoryId, usersId, repositoriesId];

/** Those that keep every rule: what a component's own settings need goes before what would fit. */
export function withFitting(
  sets: readonly string[],
  fitting: readonly string[],
  { load }: Pick<WizardBasis, "load">,
): readonly string[] {
  return fitting.reduce<readonly string[]>((kept, one) => {
    const more = [...kept, one];
    return problemOf(() => load(more)) === undefined ? more : kept;
  }, sets);
}

type Find = (path: string) => Words;

function domainQuestion(find: Find, { domain }: Values): Question {
  const check: AnswerCheck = (value) => {
    if (isIpv4(value)) return undefined;
    const fault = findHostNameFault(value);
    if (fault === undefined) return undefined;
    // People paste what stands in the browser.
    const host = URL.canParse(value) ? new URL(value).hostname : "";
    return host === "" ? `it ${fault}` : `it must be the name alone, such as ${host}`;
  };
  return { ...wordsOf(find, "domain"), kind: "input", preset: domain, check };
}

function tlsQuestions(
  find: Find,
  { domain, sight }: { readonly domain: string; readonly sight: Sight },
  ports: PathPorts,
): readonly Question[] {
  const choices = ["auto", "self-signed", "files", "off"].map((value) => ({
    value,
    name: value === "auto" ? `auto (${isLoopbackName(domain) ? "off" : "self-signed"} here)` : value,
  }));
  const mode: Question = { ...wordsOf(find, "tls.mode"), kind: "select", preset: "auto", choices };
  if (sight.text("tls.mode", "auto") !== "files") return [mode];
  const certFile = sight.text("tls.certFile", "");
  return [
    mode,
    {
      ...wordsOf(find, "tls.certFile"),
      kind: "input",
      preset: "",
      check: (path) => checkCertificate(path, domain, ports),
    },
    {
      ...wordsOf(find, "tls.keyFile"),
      kind: "input",
      preset: "",
      check: (path) => checkKey(path, { certFile, domain }, ports),
    },
  ];
}

/** Where there are no sub-domains, what the gateway serves beside the main site has ports of its own. */
function portsFor(domain: string, { ports }: Values, present: readonly Section[]): readonly PortName[] {
  return portsInUse(ports, { kind: addressingKind(domain), tls: true, present });
}

function portQuestions(find: Find, { ports }: Values, names: readonly PortName[], sight: Sight): readonly Question[] {
  return names.map((name, index): Question => {
    const earlier = names.slice(0, index);
    const check: AnswerCheck = (value) => {
      if (!/^[1-9][0-9]{0,4}$/.test(value) || Number(value) > 65_535) return "must be a port from 1 to 65535";
      const other = earlier.find((port) => sight.text(`ports.${port}`, String(ports[port])) === value);
      return other === undefined ? undefined : `must be another port than that of ${other}`;
    };
    return { ...wordsOf(find, `ports.${name}`), kind: "input", preset: String(ports[name]), check };
  });
}

function componentsQuestion(
  { images }: WizardBasis,
  find: Find,
  optional: readonly Section[],
  usual: readonly string[],
): Question {
  const choices = optional.map(({ key, image: imageName = "" }) => {
    const { title, description } = find(key);
    const image = images[imageName];
    // What is not built here can be missing: said where the choice is made and not after it.
    const isPulled = image?.source === "third-party";
    const origin = isPulled
      ? `Its image ${image.reference} is not built here: the install needs it in the engine or pulls it from a registry. Leave it out where neither is possible.`
      : undefined;
    const about = [description, origin].filter((part) => part !== undefined).join(" ");
    return {
      value: key,
      name: isPulled ? `${title} (image from a registry)` : title,
      ...(about !== "" && { description: about }),
    };
  });
  return { id: componentsId, title: "Optional components to run", kind: "choose", preset: usual, choices };
}

function dataDirQuestion(find: Find, { dataDir }: Values, ports: PathPorts): Question {
  return {
    ...wordsOf(find, "dataDir"),
    kind: "input",
    preset: dataDir,
    check: (path) => (path === "" ? undefined : checkDataDirectory(path, ports)),
  };
}

function memoryQuestion(limits: readonly Sized[], room: HostRoom): Question {
  return {
    id: memoryId,
    title: "Memory limits",
    about: describeMemory(limits, room),
    kind: "select",
    preset: "fitted",
    choices: [
      { value: "fitted", name: "smaller ones, so that all of them fit this host" },
      { value: "usual", name: "the usual ones" },
    ],
  };
}

function diskQuestions(find: Find, disks: readonly Sized[], room: HostRoom): readonly Question[] {
  const fitting = fitDisks(disks, room);
  return disks.map(({ key, usual }): Question => {
    const { title, about } = wordsOf(find, `${key}.storage`);
    return {
      id: `${key}.storage.size`,
      title,
      about: [about, describeDisk(disks, room)].filter((part) => part !== undefined).join(" "),
      kind: "input",
      preset: fitting.get(key) ?? usual,
      check: (value) => (parseQuantity(value) === undefined ? "must be a size such as 50Gi" : undefined),
    };
  });
}

/** The words of a question: its title, and what the schema says about the key. */
function wordsOf(
  find: Find,
  path: string,
): { readonly id: string; readonly title: string; readonly about: string | undefined } {
  const { title, description } = find(path);
  return { id: path, title, about: description };
}

interface Words {
  readonly title: string;
  readonly description: string | undefined;
}

function finder(schemaText: string): (path: string) => Words {
  const schema = JSON.parse(schemaText) as SchemaNode;
  return (path) => {
    let parent: SchemaNode | undefined;
    let node: SchemaNode | undefined = schema;
    for (const key of path.split(".")) [parent, node] = [node, node?.properties?.[key]];
    return { title: titleOf(parent, node) ?? path, description: node?.description };
  };
}

/** Titles that many keys have say whose they are: "TLS mode". */
function titleOf(parent: SchemaNode | undefined, node: SchemaNode | undefined): string | undefined {
  if (node?.title !== "Mode" && node?.title !== "Storage") return node?.title;
  return parent?.title === undefined ? node.title : `${parent.title} ${node.title.toLowerCase()}`;
}

/** As a JSON string, so that the answer is text whatever it looks like. */
function set(path: string, value: string): string {
  return `${path}=${JSON.stringify(value)}`;
}
