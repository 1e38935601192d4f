// The part of a normalising thread that only scans of pictures need: decoders of jpg and png, and the pictures' own lungs.
import { readFile } from "node:fs/promises";
import { onDisk } from "../dicom/open-file.ts";
import { checkLooksLikeCt } from "../source/looks-like-ct.ts";
import { decodePicture } from "../source/picture.ts";
import type { NormaliseResults, NormaliseTask } from "./normalise-messages.ts";
import { normalisePictures, workingPlane } from "./normalise-pictures.ts";

type PictureTask = Exclude<NormaliseTask, { kind: "stack" }>;

/** @throws those of normalisePictures, decodePicture and checkLooksLikeCt, and of reading the file */
export async function pictureResult(task: PictureTask): Promise<NormaliseResults["picture" | "pictures"]> {
  if (task.kind === "pictures") return normalisePictures(task.planes, task.shape);
  const bytes = "bytes" in task.source ? task.source.bytes : await readFile(onDisk(task.source.path));
  const picture = await decodePicture(bytes);
  checkLooksLikeCt(picture);
  return { plane: workingPlane(picture, task.shape), rows: picture.rows, columns: picture.columns };
}
