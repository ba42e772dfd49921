import { createHmac } from "node:crypto";
import type { ProtoDefinitions } from "./grpc.ts";

/** Field numbers from Gitaly 16.11, proto/{shared,repository,commit,server,ref,internal}.proto. */
const field = (type: string, id: number): { readonly type: string; readonly id: number } => ({ type, id });

export const gitalyDefinitions: ProtoDefinitions = {
  nested: {
    gitaly: {
      nested: {
        Repository: {
          fields: {
            storageName: field("string", 2),
            relativePath: field("string", 3),
            glRepository: field("string", 6),
            glProjectPath: field("string", 8),
          },
        },
        CreateRepositoryRequest: {
          fields: { repository: field("Repository", 1), defaultBranch: field("bytes", 2) },
        },
        RepositoryRequest: { fields: { repository: field("Repository", 1) } },
        Empty: { fields: {} },
        RepositoryExistsResponse: { fields: { exists: field("bool", 1) } },
        FetchBundleRequest: {
          fields: { repository: field("Repository", 1), data: field("bytes", 2), updateHead: field("bool", 3) },
        },
        FindCommitRequest: { fields: { repository: field("Repository", 1), revision: field("bytes", 2) } },
        CommitAuthor: { fields: { name: field("bytes", 1), email: field("bytes", 2) } },
        GitCommit: {
          fields: {
            id: field("string", 1),
            subject: field("bytes", 2),
            author: field("CommitAuthor", 4),
            treeId: field("string", 9),
          },
        },
        FindCommitResponse: { fields: { commit: field("GitCommit", 1) } },
        TreeEntryRequest: {
          fields: { repository: field("Repository", 1), revision: field("bytes", 2), path: field("bytes", 3) },
        },
        TreeEntryResponse: { fields: { oid: field("string", 2), size: field("int64", 3), data: field("bytes", 5) } },
        DataResponse: { fields: { data: field("bytes", 1) } },
        SetCustomHooksRequest: { fields: { repository: field("Repository", 1), data: field("bytes", 2) } },
        WriteRefRequest: {
          fields: { repository: field("Repository", 1), ref: field("bytes", 2), revision: field("bytes", 3) },
        },
        WalkReposRequest: { fields: { storageName: field("string", 1) } },
        WalkReposResponse: { fields: { relativePath: field("string", 1) } },
        ListRefsRequest: {
          fields: {
            repository: field("Repository", 1),
            patterns: { rule: "repeated", ...field("bytes", 2) },
          },
        },
        Reference: { fields: { name: field("bytes", 1), target: field("string", 2) } },
        ListRefsResponse: { fields: { references: { rule: "repeated", ...field("Reference", 1) } } },
        FindDefaultBranchNameRequest: {
          fields: { repository: field("Repository", 1), headOnly: field("bool", 2) },
        },
        FindDefaultBranchNameResponse: { fields: { name: field("bytes", 1) } },
        ServerInfoRequest: { fields: {} },
        ServerInfoResponse: { fields: { serverVersion: field("string", 1), gitVersion: field("string", 2) } },
        ServerService: {
          methods: { ServerInfo: { requestType: "ServerInfoRequest", responseType: "ServerInfoResponse" } },
        },
        RepositoryService: {
          methods: {
            CreateRepository: { requestType: "CreateRepositoryRequest", responseType: "Empty" },
            RepositoryExists: { requestType: "RepositoryRequest", responseType: "RepositoryExistsResponse" },
            RemoveRepository: { requestType: "RepositoryRequest", responseType: "Empty" },
            FetchBundle: { requestType: "FetchBundleRequest", requestStream: true, responseType: "Empty" },
            CreateBundle: { requestType: "RepositoryRequest", responseType: "DataResponse", responseStream: true },
            GetCustomHooks: { requestType: "RepositoryRequest", responseType: "DataResponse", responseStream: true },
            SetCustomHooks: { requestType: "SetCustomHooksRequest", requestStream: true, responseType: "Empty" },
            WriteRef: { requestType: "WriteRefRequest", responseType: "Empty" },
          },
        },
        InternalGitaly: {
          methods: {
            WalkRepos: { requestType: "WalkReposRequest", responseType: "WalkReposResponse", responseStream: true },
          },
        },
        RefService: {
          methods: {
            ListRefs: { requestType: "ListRefsRequest", responseType: "ListRefsResponse", responseStream: true },
            FindDefaultBranchName: {
              requestType: "FindDefaultBranchNameRequest",
              responseType: "FindDefaultBranchNameResponse",
            },
          },
        },
        CommitService: {
          methods: {
            FindCommit: { requestType: "FindCommitRequest", responseType: "FindCommitResponse" },
            TreeEntry: { requestType: "TreeEntryRequest", responseType: "TreeEntryResponse", responseStream: true },
          },
        },
      },
    },
  },
};

/** Gitaly's token of version 2: a time signed with the shared secret (auth/token.go), valid for 30 s around it. */
export function gitalyAuthorization(token: string, unixSeconds: number): string {
  const message = String(unixSeconds);
  const signature = createHmac("sha256", token).update(message).digest("hex");
  return `Bearer v2.${signature}.${message}`;
}
