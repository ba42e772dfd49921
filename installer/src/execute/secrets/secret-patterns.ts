/** Something that is a secret by the way it is written, whosever it is. */
export interface SecretPattern {
  /** Stable; the manifest of a support bundle counts by it. */
  readonly kind: string;
  /** What of it is taken out, for people. */
  readonly takes: string;
  /** Words of at least three ASCII characters that are looked for first; no two patterns share one. */
  readonly anchors: readonly string[];
  /**
   * Sticky: tried where an anchor stands, on text of which each character is one byte. Its group, with which it ends, is what is taken
   * out; the whole match where it has none. It takes in at most `longestPattern` characters.
   */
  readonly expression: RegExp;
}

/** Most characters that a pattern takes in. */
export const longestPattern = 16 * 1024;

const quote = String.raw`(?:\\{0,3}["'])?`;
/** Between the name of a header or field and its value. */
const colon = String.raw`${quote}\s{0,4}[:=]>?\s{0,4}\[?${quote}`;
/** What an unquoted value is made of. */
const word = String.raw`[^\s"'\\,;&<>(){}[\]]`;
/** Nothing of a word stands before. */
const begin = String.raw`(?<![A-Za-z0-9_])`;

export const secretPatterns: readonly SecretPattern[] = [
  {
    kind: "private-key",
    takes: "private keys in PEM",
    anchors: ["-----BEGIN "],
    expression:
      /-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:[^]{0,14000}?-----END (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----|[A-Za-z0-9+/=\\\s]{0,14000})/y,
  },
  {
    kind: "authorization",
    takes: "what stands in Authorization headers",
    anchors: ["uthorization", "UTHORIZATION"],
    expression: new RegExp(
      `uthorization${colon}((?:[a-z][\\w-]{0,30}[ \\t]{1,4})?${word}{1,6000}(?:,\\s{0,4}[\\w-]{1,40}=${quote}[^\\s"',;\\\\]{1,512}${quote}){0,12})`,
      "iy",
    ),
  },
  {
    kind: "bearer",
    takes: "tokens behind Bearer and Basic",
    anchors: ["earer ", "EARER ", "asic ", "ASIC "],
    // Words that follow "basic" in a sentence have neither digits nor capitals inside.
    expression:
      /(?<=[Bb])(?:earer|EARER|asic|ASIC)[ \t]{1,4}((?=\S{0,200}?(?:[0-9=+/]|[a-z][A-Z]))[\w.~+/=-]{6,8000})/y,
  },
  {
    kind: "url-password",
    takes: "passwords in URLs",
    anchors: ["://"],
    expression: /:\/\/[^\s:/?#@"'<>\\]{0,256}:([^\s/?#@"'<>\\]{1,1024})(?=@)/y,
  },
  {
    kind: "jwt",
    takes: "JSON Web Tokens",
    anchors: ["eyJ"],
    expression: /eyJ[\w-]{8,4000}(?:\.[\w-]{0,2800}){2,4}/y,
  },
  {
    kind: "access-key",
    takes: "access keys as AWS, GitHub, GitLab, Hugging Face and age write them",
    anchors: [
      ...["AKIA", "ASIA", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "hf_"],
      "AGE-SECRET-KEY-1",
    ],
    expression: new RegExp(
      `${begin}(?:A[KS]IA[A-Z0-9]{16}(?![A-Za-z0-9])|gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_\\w{20,255}|glpat-[\\w-]{20,255}|hf_[A-Za-z0-9]{20,255}|AGE-SECRET-KEY-1[A-Z0-9]{58})`,
      "y",
    ),
  },
  {
    kind: "cookie",
    takes: "what stands in Cookie and Set-Cookie headers",
    anchors: ["ookie", "OOKIE"],
    expression: new RegExp(`ookie${colon}([^\\r\\n"'\\\\]{1,8192})`, "iy"),
  },
  {
    kind: "signed-url",
    takes: "signatures and tokens in the query of URLs",
    anchors: [
      ...["ignature=", "mz-Credential=", "mz-credential=", "mz-Security-Token=", "mz-security-token=", "sig="],
      ...["AWSAccessKeyId=", "token=", "client_secret=", "code="],
    ],
    expression: new RegExp(
      String.raw`(?<=(?:[?&]|\\u0026)(?:[Xx]-(?:[Aa]|[Gg]oog-)|[Ss]|X-Goog-S|X-Amz-S|x-amz-s|access_|id_|refresh_)?)[\w-]{3,20}=([^&\s"'<>\\]{1,8192})`,
      "y",
    ),
  },
  {
    kind: "password-field",
    takes: "values of fields that are called password, passphrase or secret access key",
    anchors: [
      ...["assword", "asswd", "ASSWORD", "ASSWD", "assphrase", "ASSPHRASE"],
      ...["cret_access_key", "cretAccessKey", "cretaccesskey", "CRET_ACCESS_KEY"],
    ],
    expression: new RegExp(`(?:asswo?r?d|assphrase|cret_?access_?key)${colon}(${word}{1,1024})`, "iy"),
  },
];
