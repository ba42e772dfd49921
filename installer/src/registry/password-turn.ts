import type { RegistryError } from "../errors/installer-error.ts";

/**
 * Lets one request alone show the password until an answer says what it is worth: registries lock accounts after a few wrong
 * ones, and many images are worked on at once. Once it is proved wrong, nobody shows it again.
 */
export interface PasswordTurn {
  /**
   * Waits until the password may be shown. What it resolves to is called when that request has had its answer, or got none.
   * @throws RegistryError what proved the password wrong
   */
  take(): Promise<() => void>;
  /** It was taken, by somebody who may take any. */
  plausible(): void;
  right(): void;
  isRight(): boolean;
  /** A token that was had for it is worth nothing: as `take`, but the others wait too, until that is explained. */
  doubt(): Promise<() => void>;
  /** Gives the error back, to be thrown. */
  wrong(error: RegistryError): RegistryError;
  /** @throws RegistryError what proved the password wrong */
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
    doubt: () => {
      if (worth === "plausible") worth = "unknown";
      return take();
    },
    wrong: (error) => (refused ??= error),
  };
}
