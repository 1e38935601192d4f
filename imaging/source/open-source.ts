// Opens what an import reads from: a folder, a zip, or an image server.
import { examine } from "./examine.ts";
import type { ImageServer } from "./image-server.ts";
import { openArchive } from "./listing.ts";
import { openServerArchive } from "./server-archive.ts";
import type { Source, SourceProgress } from "./source.ts";

export interface SourceOptions {
  readonly password?: string | undefined;
  /** Of an image server; default: all that it finds. */
  readonly maxStudies?: number | undefined;
}

/**
 * @param place path of a folder or zip, or an image server
 * @throws ARCHIVE_UNREADABLE, ARCHIVE_EMPTY, ZIP_MALFORMED, ZIP_PASSWORD, PACS_NO_STUDIES, and the failures of the server
 */
export async function* openSource(
  place: string | ImageServer,
  { password, maxStudies }: SourceOptions,
  signal?: AbortSignal,
): AsyncGenerator<SourceProgress, Source> {
  if (typeof place !== "string") return yield* openServerArchive(place, { maxStudies, signal });
  const { files, close } = await openArchive(place, { password });
  return { files, examine: (pool, stop) => examine(files, pool, stop), close };
}
