// Finds what each file of an archive is: DICOM by its header, a picture, something else, or unreadable. It uses all cores and
// reads only the first bytes of each file.
import { FedError, isFedError } from "../../foundation/errors.ts";
import { inOrder } from "../../foundation/in-order.ts";
import type { CtInstance } from "../dicom/ct-instance.ts";
import type { DicomSource } from "../dicom/decode-messages.ts";
import type { DecodePool } from "../dicom/decode-pool.ts";
import type { FileList, ListedFile } from "./file-list.ts";
import { firstBytes } from "./listing.ts";
import { isPicture } from "./picture.ts";

export type Examined =
  | { readonly kind: "dicom"; readonly file: number; readonly instance: CtInstance }
  | { readonly kind: "picture"; readonly file: number }
  /** Lists, notes, reports: no images. */
  | { readonly kind: "other"; readonly file: number }
  | { readonly kind: "refused"; readonly file: number; readonly error: unknown };

const pictures = /\.(jpe?g|png)$/i;
const notImages = /\.(csv|tsv|txt|md|json|xml|html?|pdf|docx?|xlsx?|exe|dll|inf|ini|css|js|py|log)$/i;
/** A zip within a zip, and what is packed in another way: it may hold patients, and is not read. */
const packed = /\.(zip|gz|tgz|bz2|xz|zst|7z|rar|tar)$/i;

/** Yields one result a file, in the archive's order. */
export async function* examine(
  files: FileList,
  pool: DecodePool,
  signal?: AbortSignal,
): AsyncGenerator<Examined, void> {
  yield* inOrder(places(files), pool.size * 16, async (file): Promise<Examined> => {
    signal?.throwIfAborted();
    const listed = files.at(file);
    if (listed.refusal) return { kind: "refused", file, error: listed.refusal };
    const name = listed.parts.at(-1)!;
    if (packed.test(name)) return { kind: "refused", file, error: new FedError("FILE_PACKED") };
    if (notImages.test(name)) return { kind: "other", file };
    try {
      if (listed.bytes === 0) throw new FedError("FILE_EMPTY", {}, { remedy: "copy or export the file again" });
      return await examineFile(file, listed, pool);
    } catch (error) {
      if (isFedError(error, "DICOM_POOL_CLOSED")) throw error;
      return { kind: "refused", file, error };
    }
  });
}

/** So much of a file in a zip is unpacked first, and the rest only if the header is longer. */
const beginningBytes = 2 ** 16;

async function examineFile(file: number, listed: ListedFile, pool: DecodePool): Promise<Examined> {
  const look = (source: DicomSource) => examineSource(file, listed.parts.at(-1)!, source, pool);
  if (listed.bytes <= beginningBytes) return listed.use(look);
  try {
    const seen = await listed.use(look, beginningBytes);
    // The beginning may end exactly between two elements before the pixels.
    if (seen.kind !== "dicom" || seen.instance.hasPixels) return seen;
  } catch (error) {
    if (!isFedError(error, "DICOM_TRUNCATED")) throw error;
  }
  return listed.use(look);
}

async function examineSource(file: number, name: string, source: DicomSource, pool: DecodePool): Promise<Examined> {
  if (pictures.test(name) && isPicture(await firstBytes(source, 16))) return { kind: "picture", file };
  try {
    return { kind: "dicom", file, instance: await pool.header(source) };
  } catch (error) {
    // A picture with another extension. Nearly all files are DICOM, and are opened only once.
    if (isFedError(error, "DICOM_FOREIGN") && isPicture(await firstBytes(source, 16))) return { kind: "picture", file };
    throw error;
  }
}

function* places({ length }: FileList): Iterable<number> {
  for (let file = 0; file < length; file++) yield file;
}
