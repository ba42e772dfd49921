import { proofs } from "../proof.ts";
import type { BadInput } from "./row.ts";

const values = "validate-values";
const nothing = "nothing was touched: values are checked first";
const corrected = "with the values corrected";

/** Values that mean something else than they say, and records that are not what they were. */
export const valuesRows: readonly BadInput[] = [
  {
    fault: "a placeholder that a shell or a template was to fill in, also as a password",
    says: "… is a placeholder, and slipway fills in none …",
    code: "VALUES_INVALID",
    state: nothing,
    again: corrected,
    proofs: proofs(values, "a placeholder as a password would become the password", "the placeholder of %s"),
  },
  {
    fault: "names of their own for applications (appsDomain) where the domain is an IP address",
    says: "… asks for sub-domains, which an address or a name without a dot has not …",
    code: "VALUES_INVALID",
    state: nothing,
    again: corrected,
    proofs: proofs(
      "rules",
      "names of applications below an IP address are refused, and where applications are then is said",
    ),
  },
  {
    fault: "a certificate that does not cover the names of applications, *.apps.corp.example",
    says: "the certificate does not cover …",
    code: "PREFLIGHT_FAILED",
    state: "nothing was touched: checked before an install begins",
    again: "with a certificate for all names",
    proofs: proofs("tls-files", "no wildcard for names of applications"),
  },
  {
    fault: "a size without a unit",
    says: "… has no unit and counts bytes …",
    code: "VALUES_INVALID",
    state: nothing,
    again: corrected,
    proofs: proofs(values, "the size %s without a unit", "a few bytes are not meant as %s"),
  },
  {
    fault: "two settings in one --set",
    says: "a second setting stands after a comma (…), give each its own --set",
    code: "VALUES_INVALID",
    state: nothing,
    again: corrected,
    proofs: proofs("parse-set", "two settings in one argument are told apart, as Helm would take them"),
  },
  {
    fault: "a file that was changed since it was installed, and that a command does not read",
    state: "none: the recorded values count, and a warning names the file",
    again: "with -f",
    proofs: proofs(
      "values-of-install",
      "are not those of a file that was changed since, also where only a key was taken out of it",
    ),
  },
  {
    fault: "a secret of the install that is gone",
    says: "the secret … is gone, and data made with it exists",
    code: "DATA_EXPECTED",
    state: "what runs goes on running; no change was begun",
    again: "with the secret put back, from what its service reads or from a backup",
    proofs: proofs(
      "secret-troubles",
      "a secret that is gone is told alike by status, doctor, plan and install, and nothing is begun",
      "the copy that a service reads is the way back, where it is as it was written",
    ),
  },
  {
    fault: "a secret that is to be replaced and is not there, or none that is named",
    says: "there is no secret … did you mean …",
    code: "USAGE",
    state: "nothing was changed",
    again: "with a name that slipway secrets list has, or with --all",
    proofs: proofs("secrets/rotate", "that cannot be are refused before anything is done: %j"),
  },
  {
    fault:
      "a secret that is to be replaced and must stay: given by a person, a first password, a key that data is encrypted with",
    says: "… is not replaced: …",
    code: "USAGE",
    state: "nothing was changed; with --all the others are replaced, and these are told with the reason",
    again: "as the error says for each",
    proofs: proofs(
      "secrets/rotate",
      "that cannot be are refused before anything is done: %j",
      "are all that can be, and those that stay are told with the reason and the way",
    ),
  },
  {
    fault: "a replacement of secrets that is killed in its middle",
    state: "no secret is lost: each lies in the state directory before anything knows it",
    again: "the same command, or any install, finishes it; nothing is replaced twice",
    proofs: [
      ...proofs("execute/secrets/rotate-secrets", "are replaced once, wherever the run is killed"),
      ...proofs("integration/rotate-secrets", "at any point of its journal is completed by the same command"),
    ],
  },
  {
    fault: "a secret that is gone, where the loss of other data is accepted",
    says: "the secret … is gone, and data made with it exists",
    code: "DATA_EXPECTED",
    state: "what runs goes on running; no change was begun",
    again: "with the secret put back, or the loss of all data made with it accepted",
    proofs: proofs(
      "secret-troubles",
      "whoever gives up other data than that of the secret is told before anything is begun",
    ),
  },
  {
    fault: "a full disk below a store that still answers",
    says: "the disk of … is full: … free for …; make room there before anything is restarted",
    code: "ROLLOUT_TIMEOUT",
    state: "untouched: status only looks",
    again: "with room made",
    proofs: proofs("status", "is not where the disk of one is full"),
  },
  {
    fault: "a component that calls itself healthy and is in no network",
    says: "it is not attached to the network …",
    code: "ROLLOUT_TIMEOUT",
    state: "untouched: status only looks",
    again: "install makes network and container again",
    proofs: proofs("status", "is not where one of them is cut off from a network"),
  },
  {
    fault: "a state directory that was moved, or is another user's",
    says: "a platform named … runs here (…), whose records are not in …",
    code: "PREFLIGHT_FAILED",
    state: "what runs goes on running",
    again: "with --state-dir",
    proofs: proofs(
      "elsewhere",
      "a platform whose records are elsewhere is told by every command, with where they were",
    ),
  },
];
