import type { DefaultRenderer, Listr, ListrLogger, ListrTaskWrapper, ProcessOutput, SimpleRenderer } from "listr2";
import type { InstallerEvent } from "../../events/event.ts";
import { type Stopped, describeEvent } from "./reporter-plain.ts";
import type { Reporter } from "./reporter.ts";
import { createStepView, endedTitle } from "./step-view.ts";
import type { StepView } from "./step-view.ts";

type StepEvent = InstallerEvent & { readonly type: "step" };
type Task = ListrTaskWrapper<unknown, typeof DefaultRenderer, typeof SimpleRenderer>;

interface OpenStep {
  readonly title: string;
  readonly view: StepView;
  task: Task | undefined;
  ended: StepEvent | undefined;
  readonly end: () => void;
}

/** The parts of listr2 that are used; loaded only when there is a terminal. */
export interface ListrModule {
  readonly Listr: typeof Listr;
  readonly ListrLogger: typeof ListrLogger;
  readonly ProcessOutput: typeof ProcessOutput;
}

const shownItems = 12;
const shownItemsOfOthers = 4;

/** A live display on a terminal: each step is a task whose state comes from events alone. */
export function ttyReporter(stream: NodeJS.WriteStream, listr2: ListrModule, stopped: Stopped = () => false): Reporter {
  const steps = new Map<string, OpenStep>();
  // One display at a time: a step that starts while another is shown waits for its turn, its events are kept.
  let display = Promise.resolve();
  let shown: OpenStep | undefined;

  /** What is in hand, also of steps that wait for their turn: images may be built for minutes while components start. */
  function lines(): readonly string[] {
    if (shown === undefined) return [];
    const others = [...steps.values()].filter((step) => step !== shown);
    return [
      ...shown.view.lines(shownItems),
      ...others.flatMap(({ title, view }) => [title, ...view.lines(shownItemsOfOthers).map((text) => `  ${text}`)]),
    ];
  }

  function refresh(): void {
    if (shown?.task !== undefined) shown.task.output = lines().join("\n");
  }

  function start(event: StepEvent): void {
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const step: OpenStep = {
      title: event.title,
      view: createStepView(stopped),
      task: undefined,
      ended: undefined,
      end,
    };
    steps.set(event.id, step);
    display = display.then(() => {
      shown = step;
      return showStep({ stream, listr2, stopped, lines }, step, ended);
    });
  }

  function line(text: string): void {
    display = display.then(() => void stream.write(`${text}\n`));
  }

  return {
    report: (event) => {
      if (event.type === "step") {
        if (event.state === "started") start(event);
        else finish(steps, event, line, stopped());
        refresh();
      } else if (event.type === "item" || event.type === "progress") {
        update(steps.get(event.step), event);
        refresh();
      } else {
        const text = describeEvent(event, stopped());
        if (text !== undefined) line(text);
      }
    },
    close: async () => {
      for (const step of steps.values()) step.end();
      steps.clear();
      await display;
    },
  };
}

function finish(steps: Map<string, OpenStep>, event: StepEvent, line: (text: string) => void, stopped: boolean): void {
  const step = steps.get(event.id);
  if (step === undefined) {
    line(describeEvent(event, stopped) ?? event.title);
    return;
  }
  steps.delete(event.id);
  step.ended = event;
  step.end();
}

function update(step: OpenStep | undefined, event: InstallerEvent): void {
  if (step === undefined) return;
  if (event.type === "item") step.view.item(event);
  if (event.type === "progress") step.view.progress(event);
}

interface Display {
  readonly stream: NodeJS.WriteStream;
  readonly listr2: ListrModule;
  readonly stopped: Stopped;
  readonly lines: () => readonly string[];
}

async function showStep(
  { stream, listr2, stopped, lines }: Display,
  step: OpenStep,
  ended: Promise<void>,
): Promise<void> {
  const list = new listr2.Listr<unknown>(
    [
      {
        title: step.title,
        rendererOptions: { outputBar: 1 },
        task: async (_context, task) => {
          step.task = task;
          const first = lines();
          if (first.length > 0) task.output = first.join("\n");
          await ended;
          conclude(task, step.ended, stopped());
        },
      },
    ],
    {
      exitOnError: false,
      registerSignalListeners: false,
      // Whether there is a terminal was decided by the stream it is shown on, not by standard output.
      fallbackRendererCondition: false,
      forceTTY: true,
      rendererOptions: {
        collapseErrors: false,
        showErrorMessage: false,
        logger: new listr2.ListrLogger({ processOutput: new listr2.ProcessOutput(stream, stream) }),
      },
    },
  );
  await list.run();
}

/** Sets the last look of a step; one that never ended was interrupted. */
function conclude(task: Task, event: StepEvent | undefined, stopped: boolean): void {
  if (event === undefined) throw new Error("interrupted");
  task.title = endedTitle(event);
  if (event.state === "skipped") task.skip(endedTitle(event));
  if (event.state === "failed" && stopped) task.title = `${event.title}: interrupted`;
  if (event.state === "failed") throw new Error(event.detail ?? "failed");
}
