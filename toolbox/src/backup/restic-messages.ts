/** What restic told while it ran: its JSON lines, and what it wrote beside them. */
export interface ResticMessage {
  readonly message_type?: string;
  /** A text in `check` and at the end, an object in `backup` and `restore`. */
  readonly message?: string;
  readonly error?: { readonly message?: string };
  readonly item?: string;
  readonly [field: string]: unknown;
}

/** The message of one line; a line that is no JSON is a message without a type. */
export function parseMessage(line: string): ResticMessage {
  if (!line.startsWith("{")) return { message: line };
  try {
    return JSON.parse(line) as ResticMessage;
  } catch {
    return { message: line };
  }
}

/** What a message says about something that went wrong, in one line; undefined for all others. */
export function problemIn(message: ResticMessage): string | undefined {
  if (message.message_type !== undefined && !/^(?:exit_)?error$/.test(message.message_type)) return undefined;
  const text = (message.message ?? message.error?.message ?? "").replace(/^Fatal: /, "").replaceAll(/\s*\n\s*/g, " ");
  if (text.trim() === "") return undefined;
  return message.item === undefined || message.item === "" ? text.trim() : `${message.item}: ${text.trim()}`;
}

/** Restic's own advice, which speaks of commands that nobody should run here. */
const advice = /^(?:The repository |restic repair |Damaged pack files |This can be done )|^repository contains errors$/;

/** What is damaged, without repetitions and restic's own advice; at most 20 lines. */
export function damageIn(problems: readonly string[]): readonly string[] {
  const lines = problems.map((line) => line.trim()).filter((line) => line !== "" && !advice.test(line));
  return [...new Set(lines)].slice(0, 20);
}

/** A number in a message; 0 when it is not there, as restic leaves such fields out. */
export function count(message: ResticMessage | undefined, field: string): number {
  const value = message?.[field];
  return typeof value === "number" ? value : 0;
}
