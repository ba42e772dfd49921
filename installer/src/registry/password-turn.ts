import type { RegistryError } from "../errors/installer-error.ts";
import { TransportError } from "../platform/transport-error.ts";
import { Refusal } from "./refusal.ts";

/**
 * Lets one request alone show the password until an answer says what it is worth: registries lock accounts after a few wrong
 * ones, and many images are worked on at once. Once it is proved wrong, or was shown in vain, nobody shows it again.
 */
export interface PasswordTurn {
  /**
   * Waits until the password may be shown. What it resolves to is called when that request has had its answer, or got none.
   * @throws RegistryError why it is not to be shown
   */
  take(): Promise<() => void>;
  /** It was taken, by somebody who may take any. */
  plausible(): void;
  right(): void;
  isRight(): boolean;
  /** No answer has told anything of it. */
  isUnproved(): boolean;
  /** A token that was had for it is worth nothing: as `take`, but the others wait too, until that is explained. */
  doubt(): Promise<() => void>;
  /** Nobody shows it again: it was proved wrong, or nobody says what it is worth. Gives the error back, to be thrown. */
  wrong(error: RegistryError): RegistryError;
  /** @throws RegistryError why it is not to be shown */
  check(): void;
}

/** For the password of one registry; nothing is known of it yet. */
export function createPasswordTurn(): PasswordTurn {
  let worth: "unknown" | "plausible" | "right" = "unknown";
  let refused: RegistryError | undefined;
  let shown: Promise<undefined> | undefined;

  function check(): void {
    if (refused !== undefined) throw refused;
  }

  async function take(): Promise<() => void> {
    while (shown !== undefined && worth === "unknown" && refused === undefined) await shown;
    check();
    if (worth !== "unknown") return () => undefined;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    shown = promise;
    return () => {
      if (shown === promise) shown = undefined;
      resolve(undefined);
    };
  }

  return {
    take,
    check,
    plausible: () => {
      if (worth === "unknown") worth = "plausible";
    },
    right: () => {
      worth = "right";
    },
    isRight: () => worth === "right",
    isUnproved: () => worth === "unknown",
    doubt: () => {
      if (worth === "plausible") worth = "unknown";
      return take();
    },
    wrong: (error) => (refused ??= error),
  };
}

/** How often user and password are sent before anything tells what they are worth: registries lock accounts after a few wrong ones. */
export const mostShownUnproved = 2;

/** Whether who was asked may have looked at the password before it failed, and does not itself ask to be asked again. */
export function mayHaveTried(error: unknown): boolean {
  if (error instanceof Refusal) {
    return error.status >= 500 || (error.status === 429 && error.headers["retry-after"] === undefined);
  }
  return error instanceof TransportError && ["reset", "stalled", "protocol"].includes(error.fault);
}
