import type { Rule } from "./rules/rule.ts";
import type { Values } from "./values.generated.ts";

/** A port of the host, by its key in `ports`. */
export type PortName = keyof Values["ports"];

/** What a component says about its section of the values. Rules, addresses, the wizard and `--without` know components by this alone. */
export interface Section {
  /** Its key in the values. */
  readonly key: string;
  /** Names people also know it under, beside the component's id and the key. */
  readonly aliases?: readonly string[];
  /** The least memory, in MiB, with which it starts and serves at all. */
  readonly leastMemory: number;
  /** It keeps data: one container, and a size of disk. */
  readonly keepsData?: true;
  /** Why a second one beside it would do harm, though it keeps nothing; continues `<key>.replicas: `. */
  readonly single?: string;
  /** Keys that must be given while it runs here: nobody can switch it on without deciding more. It runs no image that others do not. */
  readonly decided?: readonly string[];
  /** What must be given of one that is somewhere else. */
  readonly external?: ExternalNeeds;
  /** Something the gateway serves beside the main site while it runs here. */
  readonly listener?: ListenerDeclaration;
  /** A port of the host that leads to it past the gateway while it runs here. */
  readonly ownPort?: PortName;
  /** The wizard asks for the size of its disk. */
  readonly asksForDisk?: true;
  /** How its proposals grow with what is expected of the platform; assumed, where nothing was measured. */
  readonly growth?: Growth;
  /** Name of its image in the catalogue, where a person decides whether it runs: the wizard says what that takes. */
  readonly image?: string;
  /** What only its own values have to obey. */
  readonly rules?: readonly Rule[];
}

/** Memory in MiB and disk in GiB for each person who works with the platform on a usual day, and for each repository. */
export interface Growth {
  readonly memoryPerUser?: number;
  readonly memoryPerRepository?: number;
  readonly diskPerUser?: number;
  readonly diskPerRepository?: number;
}

/** Under a domain it has a name of its own, elsewhere a port of its own. */
export interface ListenerDeclaration {
  readonly id: string;
  /** Stands before the domain. */
  readonly prefix: string;
  readonly port: PortName;
}

export interface ExternalNeeds {
  /** Keys that must not be empty. */
  readonly required: readonly string[];
  /** A secret and the key of the file that may hold it instead; exactly one of the two must be given. */
  readonly secret?: readonly [inline: string, file: string];
  /** A key that takes the place of both where it is given. */
  readonly instead?: string;
  /** Where availability is high it has to be elsewhere: here it would be one service with its data on one disk, and everything hangs on it. */
  readonly whereHigh?: true;
}

type Mode = "embedded" | "external" | "off";

/** What sections of components have in common; each key where the schema has it. */
interface CommonValues {
  readonly mode?: Mode;
  readonly replicas?: number;
  readonly maxReplicas?: number;
  readonly resources: { readonly cpus: number; readonly memory: string };
  readonly storage?: { readonly size: string };
  readonly external?: Readonly<Record<string, unknown>>;
}

/**
 * The values of a section whose name is only known at run time.
 * @throws RangeError when the schema has no such section
 */
export function valuesOf(values: Values, key: string): CommonValues {
  const found = (values as unknown as Readonly<Record<string, CommonValues | undefined>>)[key];
  if (found === undefined) throw new RangeError(`the values have no section ${key}`);
  return found;
}

/** Whether its service runs here. */
export function runsHere(values: Values, { key }: Section): boolean {
  return valuesOf(values, key).mode === "embedded";
}
