/** Where the job of an `ImageFolder` finds the folder on a target that mounts it there. */
export const imageFolderMount = "/image";
