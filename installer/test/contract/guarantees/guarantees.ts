import { type Proof, proofs } from "../proof.ts";

/** Something that every platform keeps to. docs/hardening.md is made from these rows, and a test looks for their proofs. */
export interface Guarantee {
  /** `G01` and on, in order: others refer to it. */
  readonly id: string;
  readonly promise: string;
  readonly proofs: readonly Proof[];
  /** What of the same matter is not promised yet, with the reason. A row without proofs has nothing else. */
  readonly notYet?: string;
}

const wiring = "hub-wiring";
const platform = "platform-guarantees";
const plan = "build-plan";
const nginx = "gateway-nginx";
const asTheContract = "%s is what the contract says";
const noRule = proofs(
  "hardening",
  "every rendering of every profile breaks no hardening rule but by a valid exemption",
);
const secretsByName = proofs(wiring, asTheContract, "are told nothing that is not in the contract");
const drawn = proofs(platform, "have 128 random bits at least, but the names of clients, which are no secrets");

export const guarantees: readonly Guarantee[] = [
  {
    id: "G01",
    promise:
      "sign-ins are signed with a key pair that is made when the platform is installed, and is of this install alone",
    proofs: [
      ...proofs("certificates", "a signing pair is RSA, signed by itself, and valid past 2050"),
      ...proofs("secret-store", "are on disk, closed, before anybody gets them, and stay what they are"),
      ...proofs(wiring, asTheContract),
      ...proofs(
        "integration/rotate-secrets",
        "reach the store that has one among its data, and everything that reads them",
      ),
    ],
  },
  {
    id: "G02",
    promise:
      "passwords and tokens are drawn from the system's generator, none is made from names or times; `doctor` names those that are short or well known",
    proofs: [...drawn, ...proofs("live", "finds secrets that others can read, short ones and well-known ones")],
    notYet: "taking over a platform that something else installed, whose secrets would be judged first",
  },
  {
    id: "G03",
    promise:
      "keys that sign tokens and sessions are drawn alike, one for each use, and each reader of one has the same",
    proofs: [...drawn, ...proofs(wiring, asTheContract)],
  },
  {
    id: "G04",
    promise:
      "Git's calls to the hub are signed with a key of this install, known to the hub, Gitaly and GitLab Shell alone, and are not reachable from outside",
    proofs: [
      ...proofs(plan, "has one key for the callbacks of Git, whoever sends them"),
      ...proofs(wiring, asTheContract),
      ...proofs(nginx, "refuses deletes at the registry and hides internal callbacks"),
      ...proofs("infra", "proves every wire of what is installed and names the absent component"),
    ],
  },
  {
    id: "G05",
    promise:
      "every key that the hub's programs are known to read has a value of this install; none is left to a default",
    proofs: secretsByName,
    notYet: "three keys of which it is not known whether this edition reads them; they are set all the same",
  },
  {
    id: "G06",
    promise:
      "secrets stand in files for one reader, in no description of a container or pod; rendering is pure and writes names only",
    proofs: [
      ...proofs(plan, "puts no secret into an environment variable", "gives the same bytes for the same values"),
      ...proofs("render", "writes no secret, only names"),
      ...proofs("render-helm", "keeps every secret out of the values"),
      ...proofs(
        "secrets-canary",
        "no secret shows in output, journal, logs, releases, command lines, environments or docker inspect",
      ),
      ...proofs("sign-in", "not in command lines, events, container definitions, logs, images or any output"),
    ],
  },
  {
    id: "G07",
    promise: "a secret is declared once, and whoever needs it refers to it: two places cannot differ",
    proofs: [
      ...proofs(plan, "refuses two declarations of one secret that differ, and takes the same one twice"),
      ...proofs(wiring, asTheContract),
    ],
  },
  {
    id: "G08",
    promise:
      "each service has its own role in the database and its own key at the object store, limited to what is its own",
    proofs: [
      ...proofs(platform, "of administrators reach no program of the hub, and each service has its own key and role"),
      ...proofs(plan, "proves that each database role is refused on the databases of others"),
      ...proofs("s3-policies", "names only the user's own buckets"),
      ...proofs("refusals", "fails on a store where the key reaches another service's bucket"),
    ],
    notYet:
      "Redis has one password for all, NATS one user; the hub's programs are one service here and share a role and a key, for they share tables and a bucket",
  },
  {
    id: "G09",
    promise: "the key that people's own jobs would get opens the bucket for them and nothing else",
    proofs: [
      ...proofs(platform, "of the runner reach only the jobs that make its key, check it and use it by hand"),
      ...proofs("s3-policies", "names only the user's own buckets"),
    ],
    notYet: "the runner itself, which needs a cluster",
  },
  {
    id: "G10",
    promise:
      "the hub's own token opens nothing at the gateway; the portal has a key for its own requests alone, and so will a cluster elsewhere",
    proofs: proofs(
      "gateway-guards",
      "refuses the token of the hub's own programs as %s",
      "refuses %s %s with the portal's key",
      "passes on %s %s of the portal",
    ),
    notYet: "clusters elsewhere: regions are not built; on Kubernetes the cluster's gateway exchanges no keys",
  },
  {
    id: "G11",
    promise:
      "any password works: each is escaped for the place it stands in; names of databases do not depend on that of the install",
    proofs: [
      ...proofs(
        "encode",
        "every encoding leads back to the value",
        "a URL with an encoded secret is read as it was meant",
      ),
      ...proofs("console-job", "hands the password %j over unseen"),
    ],
  },
  {
    id: "G12",
    promise:
      "images are known by digest, or by the hash of what they are built from; the lock of an install says which run",
    proofs: [
      ...noRule,
      ...proofs(
        "load-plan",
        "renders tag and digest of every image at a registry of one's own, wherever the lock's digests are from",
      ),
      ...proofs(
        "learn-digests",
        "learns what was pulled, and the image is asked for by it in this run and in the next",
      ),
      ...proofs("images-lock", "refuses a lock that is not what is there, and writes nothing"),
    ],
    notYet: "the first pull of an image of others is by tag where no lock or bundle says its digest",
  },
  {
    id: "G13",
    promise:
      "an install checks the host first, waits for no time but for what serves, ends with a cause, goes on after any interruption, and has proved every connection when it says that it ended well",
    proofs: [
      ...proofs("preflight", "says each failure once, with its remedy, and lets warnings pass"),
      ...proofs("interruptions", "and never gets healthy is named with what was waited for"),
      ...proofs("kill-sweep", "a run killed at any point of its journal is completed by the next one"),
      ...proofs("infra", "ends well and says so"),
    ],
    notYet: "backup, restore, upgrade and a way back: not built",
  },
  {
    id: "G14",
    promise:
      "a platform is installed from one signed file and runs, with no connection elsewhere and no name asked for there",
    proofs: proofs(
      "offline-install",
      "begins where there is no way out and no image",
      "ends with every wire green, everything from the bundle, and no connection tried elsewhere",
      "has no container that tries to reach anything else or asks for its name, and whoever tries is seen",
    ),
    notYet: "shown with our stand-ins for the vendors' programs, not with these themselves",
  },
  {
    id: "G15",
    promise: "a key that nothing reads is refused, with its line and what was meant",
    proofs: [
      ...proofs("values-schema", "the map %s is closed"),
      ...proofs("refusals", "when values have unknown keys and wrong types, all of them at once with their places"),
    ],
  },
  {
    id: "G16",
    promise:
      "every container is limited, runs as a fixed user that is not root, without capabilities, on a read-only root, and talks to what it needs alone",
    proofs: [
      ...noRule,
      ...proofs(plan, "runs every container as its own fixed uid of at least 10000, with a memory, cpu and pids limit"),
      ...proofs("render-compose", "joins each service to the networks of what it talks to, and no other"),
      ...proofs("render-helm", "writes policies for exactly the plan's edges"),
      ...proofs("refusals", "fails on a server that lets in without a password"),
    ],
    notYet: "the exemptions above",
  },
  {
    id: "G17",
    promise:
      "a public name leads to the same place from inside and outside, and an authority of one's own is trusted on both sides",
    proofs: [
      ...proofs("render-compose", "gives the gateway the public names inside when there are sub-domains"),
      ...proofs(plan, "trusts the given authority when certificates are given"),
      ...proofs("sign-in", "keeps one address inside and outside: status and page name the same URLs"),
      ...proofs(
        "hub",
        "is installed, and passes every wire",
        "each program can use all that it was given",
        "lets root in by OAuth through the gateway, and sends the browser back to where it came from",
        "takes an object by a presigned URL from outside, and gives it to whoever has one, outside and inside",
        "names an SSH host at which its own keys are shown",
      ),
    ],
  },
  {
    id: "G18",
    promise:
      "tables are changed by a job before any program that uses them starts, without a short deadline; a step that was done is not done again",
    proofs: [
      ...proofs(platform, "has its tables before any of its programs starts, with time enough to change them"),
      ...proofs("hub-start-up", "the tables are made once, and the platform's seed makes root an administrator"),
      ...proofs("sql-steps", "each step is run once, with its entry in the ledger in one transaction"),
    ],
  },
  {
    id: "G19",
    promise:
      "the order of texts in the database is PostgreSQL's own, which no update of a system library changes under an index; a PostgreSQL of one's own whose collation has changed is refused",
    proofs: [
      ...proofs("images.integration", "makes a cluster with checksums and the built-in collation, once"),
      ...proofs("services-elsewhere", "of PostgreSQL: rights, encoding, collation and an extension"),
    ],
  },
  {
    id: "G20",
    promise:
      "a message that is acknowledged is on the disk, none is traced, and all streams together are smaller than their disk",
    proofs: proofs(
      platform,
      "has NATS write a message to the disk before it answers, trace none, and hold less than its disk",
    ),
    notYet: "a limit for each stream, which the hub's programs make themselves",
  },
  {
    id: "G21",
    promise:
      "Temporal's tables are made by a job with the rights of their owner alone, and nobody outside reaches Temporal",
    proofs: [
      ...proofs(
        platform,
        "sets up Temporal by a job with the rights of its own role, and lets nobody outside reach it",
      ),
      ...proofs(plan, "puts Temporal's web page behind Casdoor's sign-in, trusting the platform's own authority"),
    ],
    notYet: "a sign-in at Temporal itself: whoever is in its network may use it",
  },
  {
    id: "G22",
    promise: "what a component is stands in one place, from which Compose and Kubernetes are rendered alike",
    proofs: [
      ...proofs("parity", "differ only where the written list says so", "carry the same components and jobs"),
      ...proofs("adding-a-component", "is rendered for Compose, with its route, its check and its place on the page"),
    ],
  },
  {
    id: "G23",
    promise:
      "setting up a host says what it is about to install, from the distribution's own packages, and asks where somebody can answer",
    proofs: proofs(
      "quickstart",
      "says what it would install, asks where somebody can answer, and takes no for an answer",
      "begins after a yes, with packages of the distribution",
      "says it too where nobody can be asked",
    ),
    notYet: "setting up a cluster is not built",
  },
  {
    id: "G24",
    promise: "files are rendered whole, never edited in place; no container is privileged or has a fixed address",
    proofs: [
      ...noRule,
      ...proofs("golden", "has no file more or less than the reference"),
      ...proofs(platform, "knows one another by name: nothing has a fixed address, and nothing is privileged"),
    ],
  },
  {
    id: "G25",
    promise:
      "answers are passed on as they come, word by word, and those of applications and models may pause for an hour",
    proofs: [
      ...proofs(platform, "lets applications and models answer for an hour, as they speak"),
      ...proofs(
        nginx,
        "streams without limits where a route says so",
        "leads every name of applications to their proxy and nowhere else, over WebSockets and for an hour",
      ),
    ],
  },
  {
    id: "G26",
    promise: "logs of every component are bounded, and read with one command",
    proofs: [...noRule, ...proofs("infra", "shows log lines of a component")],
    notYet: "a store that collects them, those of people's applications among them",
  },
  {
    id: "G27",
    promise:
      "`uninstall` says whether data and secrets stay; they go only with `--purge` and the name, and then all of them",
    proofs: proofs(
      "infra",
      "keeps the data, and a later install finds it",
      "wants the name before it purges, and then leaves nothing",
    ),
  },
  {
    id: "G28",
    promise:
      "ports, names and variables are held to a written contract, pages of the documentation to the program, and bundles are signed",
    proofs: [
      ...secretsByName,
      ...proofs("docs", "writes commands of slipway as they are", "names paths that are there"),
      ...proofs("open-bundle", "one that is not signed, unless that was said not to matter"),
    ],
    notYet: "the chart by itself is not signed; inside a bundle it is",
  },
  {
    id: "G29",
    promise: "a sign-in ends at this platform and nowhere else",
    proofs: proofs(platform, "ends a sign-in at this platform and nowhere else"),
  },
  {
    id: "G30",
    promise: "nobody reaches the sign-in before every account it was born with has a password of this install",
    proofs: [
      ...proofs(plan, "opens the gateway only after Casdoor's default account is closed"),
      ...proofs("sign-in", "lets root in with the first password, and nobody with Casdoor's own default"),
    ],
  },
  {
    id: "G31",
    promise:
      "who signs in with an account of the company becomes nobody else by a name, and by an e-mail address only where the values say so; a code counts in the browser that asked for it",
    proofs: proofs(
      "company-accounts",
      "takes nobody for somebody else by a name or an e-mail address",
      "takes people for those of the same e-mail address where the values say so",
      "takes no code that another browser got",
    ),
  },
  {
    id: "G32",
    promise:
      "a support bundle holds no secret of the install in any of eight encodings, and is deleted where it is found to; nothing is sent anywhere",
    proofs: [
      ...proofs(
        "support-bundle",
        "has none of 200 secrets that are in a log in every encoding",
        "with a secret that was smuggled past, which the scan finds in any encoding",
        "where the scan does not see what was planted for it",
      ),
      ...proofs("redact-stream", "is taken out wherever a window ends: %s, %#"),
    ],
    notYet: "a secret that is in no record any more, such as one from before a rotation, is found by its shape alone",
  },
];
