import { proofs } from "../proof.ts";
import type { BadInput } from "./row.ts";

const suite = "support-bundle";
const looksOnly = "what runs goes on running; nothing was written";

/** What a support bundle is made of, and what must not be in it. */
export const supportRows: readonly BadInput[] = [
  {
    fault: "a secret in the finished file that was not taken out, in any encoding",
    says: "the support bundle still held secrets, and was deleted",
    code: "REDACTION_FAILED",
    state: "the file is deleted before it gets its name",
    again: "without the collector that is named",
    proofs: proofs(suite, "with a secret that was smuggled past, which the scan finds in any encoding"),
  },
  {
    fault: "a scan that does not find what was planted for it",
    says: "the scan of the support bundle did not find what was planted in it, and it was deleted",
    code: "REDACTION_FAILED",
    state: "the file is deleted before it gets its name",
    again: "the same; report it",
    proofs: proofs(suite, "where the scan does not see what was planted for it"),
  },
  {
    fault: "secrets of the install that are gone or cannot be read, so that nothing could be looked for",
    says: "there are no secrets in …, and nothing could be kept out of a bundle",
    code: "PREFLIGHT_FAILED",
    state: looksOnly,
    again: "with the folder put back, or as the user who installed",
    proofs: [
      ...proofs(suite, "where the secrets are gone, because nothing could be kept out"),
      ...proofs("known-secrets", "a folder that cannot be read stops everything"),
    ],
  },
  {
    fault: "an engine that does not answer, or records that are damaged",
    state: "what cannot be had is named in the file's manifest, and the rest is there",
    again: "not needed",
    proofs: proofs(
      suite,
      "is made while the target does not answer, and says what is missing",
      "is made of an install whose records are damaged",
    ),
  },
  {
    fault: "a file of the same name",
    says: "… is there already",
    code: "USAGE",
    state: "the file is as it was",
    again: "with another name, or with --force",
    proofs: proofs(suite, "over a file that is there, unless that is said"),
  },
  {
    fault: "Ctrl-C while it is made",
    says: "interrupted: no support bundle was written",
    code: "INTERRUPTED",
    state: "nothing is left of it",
    again: "the same",
    proofs: proofs(suite, "when it is interrupted at %s, and nothing is left"),
  },
];
