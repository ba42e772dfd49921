import type { Report } from "../events/event.ts";
import type { SeenStore } from "../execute/data-guard.ts";
import type { Journal } from "../execute/journal/journal.ts";
import type { Install } from "../execute/state/install.ts";
import type { Identity, TargetIdentity } from "../execute/state/records.ts";
import type { SharedRecords } from "../execute/state/shared-records.ts";
import type { AppliedRecord } from "../execute/state/state-store.ts";
import type { Wanted } from "../execute/wanted.ts";
import type { Plan } from "../plan/model.ts";
import type { ImageStore } from "../platform/ports.ts";
import type { ImpossibleChange, Opening, Rendering, Store } from "../render/rendering.ts";
import type { Check, ChecksInWords } from "./check.ts";
import type { LivePlatform, LiveService, Question, ServiceCopy } from "./live-platform.ts";

/**
 * Where a platform runs. Every command works with this port and knows no target; the conformance suite
 * (`installer/test/conformance/`) says what each implementation must do.
 */
export interface Target extends TargetRules {
  readonly identity: TargetIdentity;
  /** Whether it keeps a platform apart from everything where the plan says so (`isolated`). */
  readonly isolates: boolean;
  /** Records that are kept where the install runs; absent where its state directory is all there is. */
  readonly records?: SharedRecords;
  /** Other machines that it is reached at; an install without network may speak to these alone. */
  hosts(): readonly string[];
  /**
   * What the target is, asked once a run.
   * @throws PreflightError when it does not answer
   */
  facts(): Promise<TargetFacts>;
  /**
   * Directory below which data lies that the values give no place; undefined where that is not on this machine.
   * @throws PreflightError when it does not answer
   */
  dataPlace(): Promise<string | undefined>;
  /**
   * Looks at everything of an install at once; how much there is does not change how often the target is asked.
   * @throws PreflightError when it does not answer
   */
  observe(install: Install, question: Question): Promise<LivePlatform>;
  /** Whether all that was wanted runs, has read its files as they are now, and serves. */
  isAsWanted(install: Install & { readonly identity: Identity }, wanted: Wanted, live: LivePlatform): Promise<boolean>;
  /** Looks into stores for the data of their services. */
  inspectStores(install: Install, plan: Plan, stores: readonly Store[]): Promise<ReadonlyMap<string, SeenStore>>;
  /**
   * Has the target go through a change as if it were made, and tells what it would refuse. Absent where nothing but the change itself tells.
   * @throws PreflightError when it does not answer
   */
  rehearse?(install: Install, change: { readonly plan: Plan; readonly rendering: Rendering }): Promise<Rehearsal>;
  /**
   * Takes the target to what is wanted, journalled step by step.
   * @throws ApplyError, TimeoutError naming the component; InterruptedError
   */
  apply(change: Change, io: TargetIo): Promise<void>;
  /**
   * Puts texts where a component that takes notices reads them at once, in place of those before. Nothing restarts, and nothing counts
   * as changed by them.
   */
  putNotices(install: Install, component: string, texts: ReadonlyMap<string, string>): Promise<void>;
  /**
   * Runs a job of the rendered plan to its end and removes its container or pod.
   * @returns its exit status
   * @throws TimeoutError at its limit; InterruptedError
   */
  runJob(install: Install, job: JobRun, io: TargetIo): Promise<number>;
  /**
   * Runs a program in a service that is up, as its user, on this process's own input and output: with a terminal where a person sits at
   * both, else without. Signals that this process gets are the program's.
   * @returns its exit status; 126 or 127 where the service does not have it
   */
  exec(service: LiveService, command: readonly string[]): Promise<number>;
  /**
   * What a program needs in its environment to reach the target where nobody is signed in, such as from a timer; absent where it needs
   * nothing.
   * @throws PreflightError, UsageError when what this process has would not do there
   */
  unattended?(): Promise<Readonly<Record<string, string>>>;
  /** Runs a program in a service that is up, as its user, without input; `lines` are those of its standard output. */
  ask(service: LiveService, command: readonly string[]): Promise<ProgramAnswer>;
  /**
   * Every copy of every service of the install, up or not, with what became of it; by component and name.
   * @throws PreflightError when it does not answer
   */
  copies(install: Install): Promise<readonly ServiceCopy[]>;
  /** As `ask`, in every copy of a component that runs: what each knows for itself alone. */
  askCopies(install: Install, component: string, command: readonly string[]): Promise<readonly CopyAnswer[]>;
  /**
   * Runs the job of a console the same way, with arguments behind those that it has, and removes its container or pod.
   * @returns its exit status
   */
  openConsole(install: Install, run: ConsoleRun): Promise<number>;
  /** Hands over the log lines of a service; with `follow` until the signal aborts. */
  logs(
    service: Pick<LiveService, "component" | "name" | "id">,
    options: LogOptions,
    signal: AbortSignal,
  ): Promise<void>;
  /** Stops, starts or restarts a service as it is; does not wait until it serves. */
  touch(verb: Verb, service: LiveService, stopSeconds: number): Promise<void>;
  /** Begins to watch the services of an install. */
  watch(install: Install, signal: AbortSignal): Promise<ServiceWatch>;
  /** Everything that goes by the install's name, and whose it is. */
  remains(install: Install): Promise<Remains>;
  /** Every install that there is anything of, whoever made it; by name. */
  installs(): Promise<readonly HostInstall[]>;
  /** Removes what `remains` found to be of the install or, on a person's word, unproved; dependents first. */
  remove(install: Install, request: RemoveRequest, io: TargetIo): Promise<Removed>;
  /** Copies of data and files beside themselves, to go back to; absent where the target cannot make any. */
  readonly keeper?: Keeper;
  /** The images that the target has or can be given directly; absent where its nodes pull what they run, each by itself. */
  readonly images?: ImageStore;
  /**
   * Gives nodes that pull by themselves their login at the private registry of the plan, unless the values name another way. Absent where
   * `images` is there.
   */
  readonly logNodesIn?: (plan: Plan, login: RegistryLogin) => Promise<void>;
  /** What must hold on this target before an install, and while one runs. */
  checks(): Promise<TargetChecks>;
}

/** What a target makes of plans; pure, so that it needs no target at hand. */
export interface TargetRules {
  /**
   * Files and units of a plan. Without facts the newest version of the target is taken for granted.
   * @throws RenderError for what the target cannot express
   */
  render(plan: Plan, facts?: TargetFacts): Promise<Rendering>;
  /**
   * Refuses a plan that no target of this kind can be enough for, before one is asked anything; absent where there is none.
   * @throws UsageError
   */
  accept?(plan: Plan): void;
  /** Where the ports that a plan publishes are opened; absent where that is the host's own addresses. */
  openings?(plan: Plan): readonly Opening[];
  /** What a plan asks of the data of an earlier one that the target cannot do. */
  impossible(before: Plan, after: Plan): readonly ImpossibleChange[];
}

/**
 * Keeps what an install is made of at one moment, and puts it back. Nothing of the install may run meanwhile. Killed at any moment,
 * each of these can be done again.
 */
export interface Keeper {
  /**
   * How large the data of these stores is, and how much room there is for a copy.
   * @throws ApplyError when it cannot be measured
   */
  measure(install: Install, data: KeptData): Promise<KeptSize>;
  /**
   * Copies the data of these stores, and the files that services read; a copy from before is replaced.
   * @throws ApplyError naming the store that could not be copied
   */
  keep(install: Install, data: KeptData, io: TargetIo): Promise<void>;
  /**
   * What putting back needs and is not there any more: copies, stores, images of the services.
   * @returns their names; none where all is there
   */
  lacks(install: Install, data: KeptData): Promise<readonly string[]>;
  /**
   * Puts data and files back as they were kept, removes stores that came since, and makes the services again that the files describe, without
   * starting them. `install` is as its records were at that time.
   * @returns ids that stand in those records, with what took their place
   * @throws ApplyError naming what could not be put back; the copies stay
   */
  putBack(install: Install, data: KeptData, io: TargetIo): Promise<ReadonlyMap<string, string>>;
  /** Removes every copy of the install; none is no error. */
  discard(install: Install, plan: Plan): Promise<void>;
}

export interface KeptData {
  /** What runs, or ran. */
  readonly plan: Plan;
  /** Those of its stores whose data is meant. */
  readonly stores: readonly Store[];
}

export interface KeptSize {
  /** Bytes on the disk. */
  readonly bytes: number;
  /** Bytes that are free where the copies come to lie: of the place that has the least. */
  readonly freeBytes: number;
}

export interface RegistryLogin {
  /** `host[:port]`. */
  readonly host: string;
  readonly username: string;
  readonly password: string;
}

export interface TargetFacts {
  readonly version: string;
  readonly apiVersion: string;
  /** `linux/amd64`. */
  readonly platform: string;
}

export interface Rehearsal {
  readonly refused: readonly ImpossibleChange[];
  /** Why it could not go through all of it. */
  readonly untried?: string;
}

export interface Change {
  readonly install: Install & { readonly identity: Identity };
  readonly wanted: Wanted;
  readonly journal: Journal;
  readonly record: AppliedRecord;
  /** For everything together, when the person set a limit. */
  readonly timeoutSeconds?: number | undefined;
  /** Resolves once an image is on the target; without it every image is there. */
  readonly imageReady?: ((reference: string) => Promise<void>) | undefined;
}

export interface TargetIo {
  readonly report: Report;
  readonly signal: AbortSignal;
  /** Takes secrets out of a line that a service wrote. */
  readonly redact: (line: string) => string;
}

export interface JobRun {
  readonly id: string;
  readonly title: string;
  readonly limitSeconds: number;
  readonly onLine?: (line: string) => void;
  /** In place of those that the plan gives its container. */
  readonly arguments?: readonly string[];
}

export interface ProgramAnswer {
  readonly exitCode: number;
  readonly lines: readonly string[];
}

export interface CopyAnswer extends ProgramAnswer {
  /** Name of the container or pod. */
  readonly name: string;
}

export interface ConsoleRun {
  readonly job: string;
  readonly args: readonly string[];
  /** Absolute paths of files in place of standard input and output. */
  readonly input?: string | undefined;
  readonly output?: string | undefined;
}

export interface LogOptions {
  readonly follow: boolean;
  /** Lines from the end; all of them when negative. */
  readonly tail: number;
  /** `10m`, or a time such as `2026-11-21T10:00:00Z`. */
  readonly since?: string;
  readonly onLine: (line: string) => void;
}

export type Verb = "stop" | "start" | "restart";

export interface ServiceWatch {
  /**
   * Resolves once the service serves.
   * @throws TimeoutError at the limit, ApplyError when it keeps ending; both name it and show its last lines
   */
  serving(service: LiveService, limitSeconds: number): Promise<void>;
  close(): void;
}

/** The owner: this install, another install of the same name, or unknown. */
export type Claim = "ours" | "another" | "stranger";

/** An install as what runs of it tells. */
export interface HostInstall {
  readonly name: string;
  /** Containers or pods of services. */
  readonly services: number;
  /** Those of them that run. */
  readonly running: number;
  /** Volumes with data. */
  readonly stores: number;
  /** Its state directory, where something of it tells. */
  readonly records?: string;
}

/** A container or pod that goes by the install's name. */
export interface Workload {
  readonly name: string;
  readonly claim: Claim;
  /** The state directory it was made from, where it tells. */
  readonly records?: string | undefined;
}

export interface Remains {
  readonly workloads: readonly Workload[];
  readonly networks: readonly string[];
  readonly stores: readonly { readonly place: string; readonly ours: boolean }[];
}

export interface RemoveRequest {
  /** Stores too. */
  readonly data: boolean;
  readonly plan: Plan | undefined;
}

export interface Removed {
  readonly containers: readonly string[];
  readonly networks: readonly string[];
  readonly volumes: readonly string[];
  readonly directories: readonly string[];
  /** What has the install's name and was kept, because no install of ours made it. */
  readonly strangers: readonly string[];
}

export interface TargetChecks {
  /** Before anything is changed. */
  readonly preflight: readonly Check[];
  /** Of a platform that is installed. */
  readonly live: readonly Check[];
  /** What they say in Chinese, which is read only where it is asked for. */
  readonly inChinese: () => Promise<ChecksInWords>;
}
