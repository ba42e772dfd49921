import { secretForms } from "../../execute/secrets/secret-forms.ts";
import type { Random } from "../../platform/ports.ts";

/** A value that is no secret of anybody. It lies in the archive in every encoding, so that a scan which does not find it is known to be blind. */
export interface Canary {
  /** By which the scan tells it from secrets. */
  readonly name: string;
  readonly value: string;
  /** What the archive holds of it. */
  readonly text: string;
  readonly encodings: ReadonlySet<string>;
}

/** Where it lies in the archive. */
export const canaryPath = "scan-check.txt";

const explanation = `This is no secret. It was made for this archive alone and stands here in every encoding that the archive is
looked through for: a scan that had not found it would have been blind, and the archive deleted.
`;

/** Makes one that was in no archive before. */
export function makeCanary(random: Pick<Random, "bytes">): Canary {
  const line = (): string => Buffer.from(random.bytes(24)).toString("base64url");
  // Signs that each encoding writes in another way, and two lines as a key has.
  const value = `canary <"${line()}/ü&">\n${line()}`;
  const forms = secretForms(value);
  return {
    name: "the planted canary",
    value,
    text: `${explanation}\n${forms.map(({ encoding, text }) => `${encoding}\n${text}\n`).join("\n")}`,
    encodings: new Set(forms.map(({ encoding }) => encoding)),
  };
}
