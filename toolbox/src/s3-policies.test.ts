import { describe, expect, it } from "vitest";
import { publicReadPolicy, samePolicy, userPolicy, userPolicyName } from "./s3-policies.ts";

const user = { accessKey: "server", secretKey: "secret-of-server", buckets: ["b-two", "a-one"] };

describe("userPolicy", () => {
  it("names only the user's own buckets", () => {
    const resources = userPolicy(user).Statement.flatMap((statement) => statement.Resource);

    expect(resources).toEqual([
      "arn:aws:s3:::a-one",
      "arn:aws:s3:::b-two",
      "arn:aws:s3:::a-one/*",
      "arn:aws:s3:::b-two/*",
    ]);
  });

  it("allows what services need and neither policies, versions nor other buckets", () => {
    const actions = userPolicy(user).Statement.flatMap((statement) => statement.Action);

    expect(actions).toEqual([
      "s3:GetBucketLocation",
      "s3:ListBucket",
      "s3:ListBucketMultipartUploads",
      "s3:AbortMultipartUpload",
      "s3:DeleteObject",
      "s3:GetObject",
      "s3:ListMultipartUploadParts",
      "s3:PutObject",
    ]);
  });

  it("has a name of its own per key and holds no secret", () => {
    expect(userPolicyName(user)).toBe("slipway-server");
    expect(JSON.stringify(userPolicy(user))).not.toContain("secret");
  });
});

describe("publicReadPolicy", () => {
  it("lets anybody get objects but not list", () => {
    const [statement] = publicReadPolicy("open").Statement;

    expect(statement).toMatchObject({ Action: ["s3:GetObject"], Resource: ["arn:aws:s3:::open/*"] });
  });
});

describe("samePolicy", () => {
  it("ignores order, spelling of single values and names of statements", () => {
    const stored = {
      Statement: [
        { Action: "s3:GetObject", Effect: "Allow", Principal: { AWS: "*" }, Resource: "arn:aws:s3:::open/*" },
      ],
      Version: "2012-10-17",
    };

    expect(samePolicy(stored, publicReadPolicy("open"))).toBe(true);
    expect(samePolicy(userPolicy(user), userPolicy({ ...user, buckets: ["a-one", "b-two"] }))).toBe(true);
  });

  it("sees another bucket, another action and a missing policy", () => {
    expect(samePolicy(publicReadPolicy("other"), publicReadPolicy("open"))).toBe(false);
    expect(samePolicy(undefined, publicReadPolicy("open"))).toBe(false);
    const [first, ...rest] = userPolicy(user).Statement;
    const wider = { ...userPolicy(user), Statement: [{ ...first, Action: ["s3:*"] }, ...rest] };
    expect(samePolicy(wider, userPolicy(user))).toBe(false);
  });
});
