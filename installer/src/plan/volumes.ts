/** How backup treats a store: copied, rebuilt from other stores, or thrown away. */
export type DataClass = "backup" | "rebuild" | "ephemeral";

/** As a server of databases, repositories of Git, objects of buckets, or streams of messages. */
export type CopyWay = "databases" | "repositories" | "objects" | "streams";

export interface Volume {
  readonly name: string;
  readonly sizeGiB: number;
  readonly dataClass: DataClass;
  /** The way in which a backup copies what is in it, through the service whose it is. */
  readonly copiedAs?: CopyWay;
  /** A file that exists once the volume holds data of its service; guards against initialising it twice. */
  readonly marker?: string;
  /** It holds a folder of its component's image instead of data. */
  readonly imageFolder?: ImageFolder;
  /** User and group id that writes to it, where its component runs nothing. */
  readonly uid?: number;
  /** Directory of the host that it is. A person chose it: it is made when missing, and never removed. */
  readonly directory?: string;
  /** Claim of the cluster's namespace that it is. A person made it: it is mounted as it is, and never removed. */
  readonly claim?: string;
}

/** A folder of an image that root alone may open there, copied to where the program may read it. */
export interface ImageFolder {
  /** Absolute, in the image. */
  readonly path: string;
  /** The job that copies it: as root from its own image, or from `imageFolderMount` where the target can mount the folder there. */
  readonly job: string;
}
