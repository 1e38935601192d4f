// --query for C-FIND: the names of QIDO-RS that the Study Root model knows for studies (PS3.4 C.6.2.1).
import { FedError } from "../../../foundation/errors.ts";
import { studyKeys } from "../query-names.ts";

const keywords = new Set(Object.values(studyKeys));
const longestValue = 1024;

/** @throws PACS_QUERY */
export function parseStudyKeys(query: string): Readonly<Record<string, string>> {
  const keys: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(query.replace(/^\?/, ""))) {
    const keyword = studyKeys[name.toUpperCase()] ?? name;
    if (!keywords.has(keyword) || keyword in keys || value.length > longestValue) {
      throw new FedError(
        "PACS_QUERY",
        {},
        { remedy: `for dimse, write each of these at most once: ${[...keywords].join(", ")}` },
      );
    }
    // QIDO-RS lists values with commas, C-FIND with backslashes; only UIDs and modalities can be lists.
    const isList = keyword === "StudyInstanceUID" || keyword === "ModalitiesInStudy" || keyword === "SOPClassesInStudy";
    keys[keyword] = isList ? value.replaceAll(",", "\\") : value;
  }
  return keys;
}
