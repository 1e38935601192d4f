// Headers that were read from files of an image server, for the next import from it in the same process (import --watch): the
// files of a UID do not change, so a study whose instances are the same ones need not be brought again to learn that.

import { type FedError, isFedError } from "../../foundation/errors.ts";
import type { CtInstance } from "../dicom/ct-instance.ts";
import { openExaminedFiles } from "./examined-files.ts";

export interface HeaderMemory {
  /**
   * Headers by instance UID, if the study had these instances when it was kept.
   *
   * @param uids sorted
   */
  recall(studyUid: string, uids: readonly string[]): ReadonlyMap<string, CtInstance> | undefined;
  keep(
    studyUid: string,
    instances: readonly {
      readonly instanceUid: string;
      readonly header: CtInstance | FedError;
      readonly isFromFile: boolean;
    }[],
  ): void;
  forget(studyUid: string): void;
}

/** Some hundred bytes each. */
const mostInstances = 500_000;

export function openHeaderMemory(): HeaderMemory {
  const headers = openExaminedFiles();
  const studies = new Map<string, { readonly uids: readonly string[]; readonly first: number }>();
  let kept = 0;
  return {
    recall(studyUid, uids) {
      const study = studies.get(studyUid);
      if (!study || uids.length !== study.uids.length || uids.some((uid, index) => uid !== study.uids[index])) return;
      return new Map(
        study.uids.map((instanceUid, index) => {
          const { instance } = headers.headerOf(study.first + index);
          return [instanceUid, { ...instance, instanceUid }];
        }),
      );
    },
    keep(studyUid, instances) {
      const own = new Map<string, CtInstance>();
      for (const { instanceUid, header, isFromFile } of instances) {
        if (!isFromFile) continue;
        // What could not be read may be read next time.
        if (isFedError(header)) return;
        own.set(instanceUid, header);
      }
      if (own.size === 0 || kept + own.size > mostInstances) return;
      const uids = [...own.keys()].sort();
      if (studies.get(studyUid)?.uids.join() === uids.join()) return;
      studies.set(studyUid, { uids, first: kept });
      for (const uid of uids) headers.addDicom(kept++, own.get(uid)!);
    },
    forget: (studyUid) => void studies.delete(studyUid),
  };
}
