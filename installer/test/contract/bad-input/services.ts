import { proofs } from "../proof.ts";
import type { BadInput } from "./row.ts";

const untouched = "nothing was changed: services are looked into before";
const values = "nothing was touched: values are checked first";
const doctor = "integration/services-elsewhere";
const look = "look/look";
const store = "of the object store: a bucket that is closed to the key";
const sql = "of PostgreSQL: rights, encoding, collation and an extension";

/** What is wrong with services of one's own, each told with what its administrator runs. */
export const serviceRows: readonly BadInput[] = [
  {
    fault: "a PostgreSQL whose administrator may too little, or without an extension that the hub needs",
    state: untouched,
    again: "when its administrator has run the SQL that is told, or installed the extension's package",
    proofs: proofs(doctor, sql),
  },
  {
    fault: "a database that is not in UTF8, or whose collation changed under its indexes",
    state: untouched,
    again: "when it was made anew, or checked by pg_amcheck and indexed again",
    proofs: proofs(doctor, sql),
  },
  {
    fault: "roles and databases that others were to make and did not",
    state: untouched,
    again: "when the SQL that is told was run",
    proofs: [
      ...proofs(doctor, "says which SQL makes what others have to make"),
      ...proofs("postgres-prepared", ["%s is told with what to run", "another owner"]),
    ],
  },
  {
    fault: "a certificate of an authority that is not given, or for another name",
    state: untouched,
    again: "with the authority, or the name in the certificate",
    proofs: proofs(doctor, ["%s is checked", "the name in the certificate"], ["%s is checked", "the authority"]),
  },
  {
    fault: "an ACL user of Redis that may too little",
    state: untouched,
    again: "when the line that is told was run",
    proofs: proofs(doctor, "of Redis: commands of the user, and what it drops"),
  },
  {
    fault: "an ACL user of Redis beside our own Casdoor, or TLS to an address instead of a name",
    says: "is a user that Casdoor, whose sessions are in Redis, cannot sign in as: it has no setting for a name",
    code: "VALUES_INVALID",
    state: values,
    again: "as the default user, with Casdoor elsewhere, or by name",
    proofs: proofs("rules/rules", "Redis elsewhere"),
  },
  {
    fault: "a bucket of somebody else, that does not exist, or that the key may too little in",
    state: untouched,
    again: "with another bucket, or the policy that is told",
    proofs: [
      ...proofs(doctor, store),
      ...proofs(look, "with rights that are missing prints the policy of all buckets"),
    ],
  },
  {
    fault: "a clock that breaks signatures of the object store or tokens of the sign-in",
    state: untouched,
    again: "when the clocks agree; by how many seconds they do not is told",
    proofs: proofs(
      look,
      "whose clock is far off refuses signatures, and by how much is told",
      "whose clock drifts is warned of before it refuses",
      "whose clock is ahead, which calls itself otherwise and has another certificate, is told of each",
    ),
  },
  {
    fault: "passwords with quotes, backslash, percent, dollar, slash, at sign and letters beyond ASCII",
    state: "taken by every service; the secret key of an object store alone may hold no apostrophe, which is told",
    again: "with another key",
    proofs: [
      ...proofs(
        doctor,
        "finds nothing wrong with services that have all that is needed, with passwords of every kind of character",
      ),
      ...proofs(look, "is told of a secret that a program cannot take, which is shown to nobody"),
    ],
  },
  {
    fault: "a wrong login at registry, Gitaly or Casdoor, or a redirect address that Casdoor does not know",
    state: untouched,
    again: "with the login, or the address added that is told",
    proofs: proofs(doctor, "of the registry, Gitaly and Casdoor: who is let in, and what Casdoor knows of the hub"),
  },
];
