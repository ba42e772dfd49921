import type { BackupDocument, BackupRepository } from "../contract.generated.ts";
import { validateBackup } from "../documents.ts";
import { ToolboxError } from "../errors.ts";

/**
 * The same document for somebody who may do more with its repository. What is handed over is JSON with the keys that `backup.repository` of
 * the values has, and `url` where that somebody is let in by another door.
 * @throws ToolboxError when it is no such text, or a directory has no doors; DocumentError when something is missing
 */
export function withOtherCredential(document: BackupDocument, text: string): BackupDocument {
  const given = parseGiven(text);
  return validateBackup({ ...document, repository: withGiven(document.repository, given) });
}

type Given = Readonly<Record<string, string>>;

function parseGiven(text: string): Given {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && Object.values(parsed).every((one) => typeof one === "string"))
      return parsed as Given;
  } catch {
    // What is wrong with it would show what is in it.
  }
  throw new ToolboxError("the credential that was handed over is no JSON of texts");
}

function withGiven(repository: BackupRepository, given: Given): object {
  switch (repository.kind) {
    case "rest": {
      const { user = repository.login?.user, password, url = repository.url } = given;
      return { ...repository, url, login: { user, password } };
    }
    case "s3": {
      const { accessKey = repository.accessKey, secretKey } = given;
      return { ...repository, accessKey, secretKey };
    }
    case "sftp": {
      const { user = repository.user, privateKey } = given;
      return { ...repository, user, privateKey };
    }
    case "directory":
      throw new ToolboxError("backups in a directory are removed by whoever may write there, without a credential", {
        advice: "leave the credential out",
      });
  }
}
