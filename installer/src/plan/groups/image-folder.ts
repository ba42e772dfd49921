import { completed, container, type JobDraft, type Need } from "../define.ts";
import { imageFolderMount } from "../image-folder-mount.ts";
import type { Image, Volume, VolumeMount } from "../model.ts";

/** A folder of a component's image that only root may open there, and where its program reads it. */
export interface FolderOfImage {
  readonly component: string;
  readonly image: Image;
  /** Name of the volume that holds it. */
  readonly volume: string;
  readonly from: string;
  readonly to: string;
  /** What it holds, in words. */
  readonly title: string;
  /** Files, as a pattern of the shell below it, without which it is of no use. */
  readonly expected: string;
  /** What does not work without them. */
  readonly without: string;
}

/** What a component needs to read such a folder. */
export interface FolderParts {
  readonly volume: Volume;
  readonly mount: VolumeMount;
  readonly need: Need;
  readonly job: JobDraft;
}

/** Where the job sees the volume. */
const place = "/copy";

export function folderOfImage(folder: FolderOfImage): FolderParts {
  const { component, image, volume, from, to, title } = folder;
  const job = `${component}-${volume}`;
  return {
    volume: { name: volume, sizeGiB: 1, dataClass: "rebuild", imageFolder: { path: from, job } },
    mount: { volume, path: to, readOnly: true },
    need: completed(job),
    job: {
      id: job,
      component,
      title: `Copy ${title} from the image`,
      makes: [`${title}, readable for the program`],
      needs: [],
      trigger: "bring-up",
      deadlineSeconds: 120,
      container: container({
        image,
        // Nobody else may open the folder. It has no capability, no network and no secret, and writes to its volume alone.
        uid: 0,
        entrypoint: ["/bin/sh", "-ec"],
        command: [copy(folder)],
        resources: { cpus: 1, memoryMiB: 64, pids: 16 },
        mounts: [{ volume, path: place }],
      }),
    },
  };
}

/** Only a copy that is whole takes the place of what is there. What a running program has of that stays as it was. */
function copy({ from, expected, title, without }: FolderOfImage): string {
  return `from=${imageFolderMount}
if [ ! -d ${imageFolderMount} ]; then from=${from}; fi
if [ -O ${place} ]; then chmod 0755 ${place}; fi
rm -rf ${place}/.new
set -- "$from"/${expected}
if [ -e "$1" ]; then
  cp -R "$from" ${place}/.new
  chmod -R u=rwX,go=rX ${place}/.new
  rm -rf ${place}/*
  mv ${place}/.new/* ${place}
  rmdir ${place}/.new
else
  rm -rf ${place}/*
  echo "the image holds no ${title} (${from}/${expected}): ${without}" >&2
fi`;
}
