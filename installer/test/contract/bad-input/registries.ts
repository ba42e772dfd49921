import { type Proof, proofs } from "../proof.ts";
import type { BadInput } from "./row.ts";

const faults = "registry/";
const sign = "authorization";
const tokens = "token-requests";
const push = "push";
const pushFaults = "push-faults";
const pull = "bundle-create-registry";
const lock = "images-lock-registry";
const harbor = "push-to-harbor";

const severally = "are one for each where the token service %s";
const passes = "%s: it gets through, and a second run sends nothing";
const failsBlob = "%s: its image alone fails, the blob is named, and a second run finishes";
const failsManifest = "%s: its image alone fails, and a second run sends no blob again";
const pullPasses = "%s: the bundle is the one of an undisturbed run";
const pullFails = "%s: the blob is named, and a second run takes only what is missing";
const pullManifest = "%s in place of a manifest: the image is named, and nothing is written";
const lockFails = "that %s: every image is named with the reason, and the lock that was there stays";

function both(pushCase: string, pullCase: string): readonly Proof[] {
  return [...proofs(pushFaults, [failsBlob, pushCase]), ...proofs(pull, [pullFails, pullCase])];
}

const apart = "the other images are there; this one has no tag. A bundle that is made is not there under its name";
const finishes = "sends, or takes, only what is missing";
const gotThrough = "none: the request is tried again, with pauses that grow and differ";

/** What registries do wrong, and what lies between them and us. */
export const registryRows: readonly BadInput[] = [
  {
    fault: "401: the user or password is wrong",
    says: "… does not accept the …: the password is wrong or the account is locked",
    code: "REGISTRY_FAILED",
    state:
      "nothing was sent; the password was tried once, however many images there are, so that no account is locked (twice where a token is given for any and does not say whose it is)",
    again: "with the right password",
    proofs: [
      ...proofs(push, "a password that is wrong, after one try and without showing it"),
      ...proofs(pull, "a wrong password is sent once, and not shown"),
      ...proofs(
        sign,
        "that are wrong are sent only once, so that no account is locked",
        "that are wrong are sent only once where everybody may read and many write at once",
      ),
      ...proofs(
        tokens,
        "is sent once where a token service refuses it, however many ask",
        "is sent once where the token tells that it is nobody's",
        "is found out by one question where the token tells nothing",
      ),
      ...proofs(harbor, "is told that the password is wrong", [
        "shows a wrong password once, %s",
        "in a private project",
      ]),
    ],
  },
  {
    fault: "401 for a project that does not exist (Harbor)",
    says: "… registries also answer so when the project … does not exist: create it, or name one that does",
    code: "REGISTRY_FAILED",
    state: "nothing was sent",
    again: "with the project",
    proofs: [
      ...proofs(sign, "for a project that does not exist end in advice to create it"),
      ...proofs(harbor, "is told that a project is missing from --to"),
    ],
  },
  {
    fault: "401 in the middle: a token that ran out",
    state: "the token is fetched again, in the upload",
    again: "not needed",
    proofs: proofs(
      sign,
      "are renewed before their end",
      "that the registry suddenly refuses are renewed in the middle of an upload",
    ),
  },
  {
    fault: "a token service that refuses several scopes at once, or looks at the first alone",
    state: "tokens are asked for one repository at a time",
    again: "not needed",
    proofs: proofs(
      tokens,
      [severally, "refuses several scopes"],
      [severally, "looks at the first of several scopes, and says so"],
      [severally, "looks at the first of several scopes, and says nothing"],
    ),
  },
  {
    fault: "403",
    says: "… the registry forbids this (…)",
    code: "REGISTRY_FAILED",
    state: apart,
    again: finishes,
    proofs: [
      ...both("403", "403"),
      ...proofs(pushFaults, [failsManifest, "403"]),
      ...proofs(pull, [pullManifest, "403"]),
    ],
  },
  {
    fault: "a user or robot account that may not push to the project (Harbor)",
    says: "… may not push to the project …",
    code: "REGISTRY_FAILED",
    state: "nothing was sent",
    again: "with the right",
    proofs: proofs(
      harbor,
      "is told that a guest may not push",
      "is told that a robot account that %s may not push, in a dry run, too",
      "is told that the user may not make the project that is missing",
    ),
  },
  {
    fault: "a token service that fails, or is on http behind https (Harbor)",
    says: "the token service keeps failing (…)",
    code: "REGISTRY_FAILED",
    state: "nothing was sent, and no project was made",
    again: "when tokens can be had",
    proofs: proofs(
      harbor,
      ["%s makes no project that would stay empty", "fails"],
      "fails is asked twice, as the password may be wrong, and not for each image",
    ),
  },
  {
    fault: "Harbor fails at something that must not be done twice",
    says: "Harbor failed (…)",
    code: "REGISTRY_FAILED",
    state: "it may have been done",
    again: "goes on with what is there",
    proofs: proofs("failing-harbor", "at %s is asked once, and it is not said to keep failing"),
  },
  {
    fault: "a file for the secret of a robot account that holds another one's (Harbor)",
    says: "… holds the secret of …, which is no robot account of …",
    code: "REGISTRY_FAILED",
    state: "the file is as it was; nothing was sent",
    again: "with another --harbor-robot-file",
    proofs: proofs("robot-account", "does not cost another project its secret, whose name ends like this one's"),
  },
  {
    fault: "404: no such repository, or a blob that is gone",
    says: "there is no such repository",
    code: "REGISTRY_FAILED",
    state: apart,
    again: finishes,
    proofs: both("404", "404"),
  },
  {
    fault: "408, 429 for a moment (Retry-After in seconds or as a date), 500, 502, 503, 504",
    state: gotThrough,
    again: "not needed; a second push sends nothing",
    proofs: [
      ...proofs(
        pushFaults,
        [passes, "408"],
        [passes, "429 with a date"],
        [passes, "502"],
        [passes, "503 for manifests"],
      ),
      ...proofs(
        push,
        ["%s: the push gets through", "limits the rate"],
        ["%s: the push gets through", "fails now and then"],
      ),
      ...proofs(
        pull,
        [pullPasses, "408"],
        [pullPasses, "429 with seconds"],
        [pullPasses, "429 with a date"],
        [pullPasses, "503"],
      ),
      ...proofs(lock, ["that %s: the lock is the one of an undisturbed run", "limits the rate"]),
      ...proofs("retry", "Retry-After is read in both forms"),
    ],
  },
  {
    fault: "429 without end, or with a pause of an hour",
    says: "the registry still limits the rate of requests (429)",
    code: "REGISTRY_FAILED",
    state: apart,
    again: finishes,
    proofs: [
      ...proofs(pushFaults, [failsBlob, "429 without end"]),
      ...proofs(faults, "are not made when the registry asks for too long a one"),
    ],
  },
  {
    fault: "5xx without end",
    says: "the registry keeps failing (…)",
    code: "REGISTRY_FAILED",
    state: apart,
    again: finishes,
    proofs: [...both("500", "500"), ...proofs(pushFaults, [failsManifest, "500"])],
  },
  {
    fault: "connections are reset now and then, answers get lost",
    state: gotThrough,
    again: "not needed",
    proofs: [
      ...proofs(
        push,
        ["%s: the push gets through", "resets now and then"],
        ["%s: the push gets through", "loses answers"],
      ),
      ...proofs(pull, [pullPasses, "a reset"], [pullPasses, "a reset of manifests"]),
      ...proofs(lock, ["that %s: the lock is the one of an undisturbed run", "resets now and then"]),
    ],
  },
  {
    fault: "connections are reset without end",
    says: "the connection broke, also when tried again",
    code: "REGISTRY_FAILED",
    state: apart,
    again: finishes,
    proofs: [...both("a reset", "a reset"), ...proofs(pull, [pullManifest, "a reset"])],
  },
  {
    fault: "stalls once",
    state: gotThrough,
    again: "not needed",
    proofs: [...proofs(push, "stalls: the request is tried again"), ...proofs(pull, [pullPasses, "a stall"])],
  },
  {
    fault: "stalls without end",
    says: "no byte moved for too long, also when tried again",
    code: "REGISTRY_FAILED",
    state: apart,
    again: finishes,
    proofs: proofs(pushFaults, [failsBlob, "a stall"]),
  },
  {
    fault: "1 KB/s",
    state: "it goes on: slow is not stalled",
    again: "not needed",
    proofs: [
      ...proofs("registry/blob-upload", "goes on at 1 KB/s: slow is not stalled"),
      ...proofs("registry/blob-download", "goes on at 1 KB/s: slow is not stalled"),
      ...proofs(pushFaults, [passes, "1 KB/s"]),
      ...proofs(pull, [pullPasses, "1 KB/s"]),
    ],
  },
  {
    fault: "drops at 90 %",
    state: "it goes on: a download where it broke off, an upload where the registry says, else from the start",
    again: "not needed",
    proofs: [
      ...proofs(push, ["%s: the push gets through", "drops at 90 %"]),
      ...proofs(
        faults,
        "goes on where it was, and is not sent twice",
        "starts again where the registry cancels what is asked for",
      ),
      ...proofs(pull, [pullPasses, "a drop at 90 %"], "goes on in a blob where it broke off, and takes no byte twice"),
      ...proofs(lock, ["that %s: the lock is the one of an undisturbed run", "drops at 90 %"]),
    ],
  },
  {
    fault: "drops every upload of one blob at 90 %",
    says: "the connection broke, also when tried again",
    code: "REGISTRY_FAILED",
    state: apart,
    again: finishes,
    proofs: proofs(push, "drops every upload of one blob: only its image fails, and is named"),
  },
  {
    fault: "hands out another blob than its digest says",
    says: "… has the digest …",
    code: "REGISTRY_FAILED",
    state: "no bundle stands under its name",
    again: finishes,
    proofs: proofs(pull, [pullFails, "other bytes"], "what was whole before the fault is not asked for again"),
  },
  {
    fault: "hands out another manifest than its digest says, or claims another digest",
    says: "… calls it …",
    code: "PREFLIGHT_FAILED",
    state: "nothing was written; the image counts as not there, with this as the reason",
    again: finishes,
    proofs: [
      ...proofs(pull, [pullManifest, "other bytes"], [pullManifest, "another digest"]),
      ...proofs(pull, "a tag whose manifest is another one than the digest asked for is refused"),
      ...proofs(
        lock,
        [lockFails, "hands out other manifests"],
        [lockFails, "lies about digests"],
        [lockFails, "hands out other configurations"],
      ),
      ...proofs(faults, "are compared by HEAD too"),
    ],
  },
  {
    fault: "says it stored a blob or manifest under another digest",
    says: "the registry stored it as …",
    code: "REGISTRY_FAILED",
    state: apart,
    again: finishes,
    proofs: [
      ...proofs(pushFaults, [failsBlob, "another digest"], [failsManifest, "another digest"]),
      ...proofs(push, "lies about digests: no image of it counts as pushed"),
    ],
  },
  {
    fault: "another length than the manifest says",
    says: "it has … bytes there, and should have …",
    code: "REGISTRY_FAILED",
    state: "no bundle stands under its name",
    again: finishes,
    proofs: [
      ...proofs(pull, [pullFails, "another length"]),
      ...proofs(faults, "refuses another length than the descriptor's"),
    ],
  },
  {
    fault: "200 with a web page",
    says: "the answer is a web page, not …",
    code: "REGISTRY_FAILED",
    state: "nothing was sent or written",
    again: finishes,
    proofs: [
      ...proofs(push, "answers everything with a page: nothing is sent, and it is said"),
      ...proofs(pull, [pullFails, "a web page"], [pullManifest, "a web page"]),
      ...proofs(lock, [lockFails, "answers with pages"]),
    ],
  },
  {
    fault: "redirects to another host",
    state: "it is followed, without credentials; what does not arrive gets no tag",
    again: finishes,
    proofs: [
      ...proofs(faults, "are followed to another host without what signs us in"),
      ...proofs(
        pushFaults,
        "follows an upload to another host without credentials, and names nothing that did not arrive",
      ),
      ...proofs(pull, "follows a redirect to another host without what signs us in"),
    ],
  },
  {
    fault: "redirects in a circle",
    says: "… redirects more than … times, perhaps in a circle",
    code: "REGISTRY_FAILED",
    state: apart,
    again: finishes,
    proofs: both("a circle of redirects", "a circle of redirects"),
  },
  {
    fault: "redirects from https to http, or to what is not an address",
    says: "… redirects from https to http, to …",
    code: "REGISTRY_FAILED",
    state: "nothing was sent in the clear",
    again: finishes,
    proofs: [
      ...proofs(pushFaults, "from https to http is refused, the blob named, and nothing is sent in the clear"),
      ...proofs(sign, "to a redirect down to http is refused", "are never fetched over http for a registry with TLS"),
      ...proofs(faults, "to something that is not a web address are refused"),
    ],
  },
  {
    fault: "a certificate of an authority that is not trusted, expired, or for another name",
    says: "… is signed by an authority this machine does not trust",
    code: "REGISTRY_FAILED",
    state: "no request was sent",
    again: "with --ca-file, or a certificate that is right",
    proofs: [
      ...proofs(pushFaults, "a certificate that is %s for the authority %s: nothing is sent"),
      ...proofs(pull, "a certificate that is %s for the authority %s: nothing is asked"),
      ...proofs(sign, "a certificate that is %s for the authority %s"),
    ],
  },
  {
    fault: "a --ca-file without a certificate, or with one that is damaged, cut off or glued to another",
    says: "…, given with --ca-file, cannot be used: …",
    code: "USAGE",
    state: "no request was sent",
    again: "with the authority's certificate in PEM form",
    proofs: proofs("registry-options", "that TLS would pass over in silence is refused"),
  },
  {
    fault: "407 from a proxy",
    says: "… asks for a user and password on the way to …",
    code: "REGISTRY_FAILED",
    state: "nothing was sent; no password is shown",
    again: "with the right HTTPS_PROXY, or NO_PROXY",
    proofs: [
      ...proofs(
        pushFaults,
        "a proxy that wants a password: it is told apart from the registry, and its password is not shown",
      ),
      ...proofs(pull, "a proxy that wants a password is told apart from the registry"),
      ...proofs(sign, "a proxy that wants a password is told apart from the registry, with the object named"),
    ],
  },
  {
    fault: "401 without WWW-Authenticate: a portal or proxy before the registry",
    says: "the answer is 401 without a WWW-Authenticate challenge, …",
    code: "REGISTRY_FAILED",
    state: "no password was sent",
    again: "with the registry's own address",
    proofs: proofs("manifests", "is said to be that, %s"),
  },
  {
    fault: "sends a request on to where nothing answers, or where it is refused",
    says: "… sends the request on to …",
    code: "REGISTRY_FAILED",
    state: "who was really asked is named; the login is not sent there",
    again: "with the registry's external address or storage set right",
    proofs: proofs(
      "manifests",
      "to a host that is not known name that host, not the registry",
      "to a storage that answers %i name the storage",
      "that an upload is sent on to name where that is",
    ),
  },
  {
    fault: "a proxy that is not there, or makes no connection",
    says: "… cannot be reached: …",
    code: "REGISTRY_FAILED",
    state: "nothing was sent; the proxy and the variable that names it are told, not the registry",
    again: "with the right HTTPS_PROXY, or NO_PROXY",
    proofs: proofs(
      "http-client",
      "that nothing answers at is named for %s, not the registry",
      "whose name is not known is named for %s",
      "that answers %s does not connect, and is named",
    ),
  },
  {
    fault: "a proxy variable with what is no proxy: socks5, not an address",
    says: "… is a proxy of the kind …",
    code: "REGISTRY_FAILED",
    state: "nothing was sent; no way around it is taken in silence",
    again: "with an http or https proxy in the variable",
    proofs: [
      ...proofs("proxies", "%s cannot be used, and is not passed over in silence"),
      ...proofs("http-client", "that cannot be used is refused, and the body that was to be sent is closed"),
    ],
  },
  {
    fault: "a file of logins that cannot be read",
    says: "… where logins to registries are kept, cannot be read (…)",
    code: "REGISTRY_FAILED",
    state: "nothing was sent",
    again: "with a file that this user may read, or --username and --password-file",
    proofs: proofs("credentials", "a file that cannot be read is named, with what to do"),
  },
  {
    fault: "fills up: 507, 500 with “no space left”, 413, a quota",
    says: "the registry has no space left (…)",
    code: "REGISTRY_FAILED",
    state: `${apart}; it is not tried again`,
    again: "with room there, what was sent stays",
    proofs: [
      ...proofs(pushFaults, [failsBlob, "507"], [failsBlob, "500 that means a full disk"], [failsBlob, "413"]),
      ...proofs(
        push,
        "fills up: what failed is named, nothing incomplete is tagged, and with room the same command finishes",
      ),
      ...proofs(
        harbor,
        "is refused by the quota before anything is sent",
        "is told of a quota that filled up while it was sent",
      ),
    ],
  },
  {
    fault: "has immutable tags",
    says: "the tag is immutable there and stands for something else (…)",
    code: "REGISTRY_FAILED",
    state: "the tag stands for what it stood for; the other images are there",
    again: "under another path, or when the rule is changed",
    proofs: [
      ...proofs(push, "has immutable tags: the image that differs fails with advice, the others go through"),
      ...proofs(harbor, "is told at its image where a robot account cannot see it before"),
    ],
  },
  {
    fault: "has a rule that holds a tag (Harbor), and the user may see that",
    says: "… immutable and … for something else: …",
    code: "REGISTRY_FAILED",
    state: "nothing was sent, and no rule was set",
    again: "under another path, or when the rule is changed",
    proofs: proofs(
      harbor,
      "names a tag that a rule holds before a byte is sent (dry run: %s)",
      "names it also to a developer, who may not see the rules",
    ),
  },
  {
    fault: "forbids or ignores mounts",
    state: "the bytes are sent to each repository instead",
    again: "not needed",
    proofs: [
      ...proofs(push, "forbids mounts: the shared layer is sent to each repository, and everything is there"),
      ...proofs(faults, "sends the bytes when mounts are %s"),
    ],
  },
  {
    fault: "read-only mode, or a proxy cache (Harbor)",
    says: "… is in read-only mode: nothing can be pushed",
    code: "REGISTRY_FAILED",
    state: "nothing was sent",
    again: "when it accepts writes",
    proofs: proofs(
      harbor,
      "is refused in read-only mode before anything is sent",
      "is refused for a proxy cache before anything is sent",
    ),
  },
  {
    fault: "is not there, or its name is not known",
    says: "nothing answers at …",
    code: "REGISTRY_FAILED",
    state: "nothing was sent",
    again: finishes,
    proofs: proofs(push, "is not there: that is said once"),
  },
  {
    fault: "Ctrl-C",
    code: "INTERRUPTED",
    says: "interrupted",
    state: "no incomplete image has a tag; a lock is not written",
    again: finishes,
    proofs: [
      ...proofs(push, "by Ctrl-C says so, and the same command goes on"),
      ...proofs(lock, "that is stopped while it resolves the last image writes nothing"),
    ],
  },
  {
    fault: "a real Harbor",
    state: "not part of the tests",
    again: "not part of the tests",
    proofs: [],
    reason:
      "none can be run here each time: its part is a stand-in, compared once with a real Harbor 2.15.2, and a real distribution registry",
  },
];
