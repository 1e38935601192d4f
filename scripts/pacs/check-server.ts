// Tries what an import will do with a PACS, on one series, and says what the PACS administrator has to allow.
import { isFedError } from "../../foundation/errors.ts";
import { inOrder } from "../../foundation/in-order.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import { readInstanceHeader } from "../../imaging/dicom/read-instance.ts";
import type { ImageServer, ListedInstance } from "../../imaging/source/image-server.ts";

/** find: reach it, log in, search. describe: a study's metadata. bring: instances as they are stored. */
export type CheckStage = "find" | "describe" | "bring";

export interface PacsCheck {
  /** Studies that the query matches, up to the limit. */
  readonly studies?: number;
  readonly isMore?: boolean;
  /** Of the largest series of the first study: the instances that were brought. */
  readonly series?: {
    readonly instances: number;
    readonly bytes: number;
    readonly seconds: number;
    readonly instancesPerSecond: number;
    readonly mibPerSecond: number;
    readonly transferSyntax: string;
  };
  readonly failed?: { readonly stage: CheckStage; readonly code: string; readonly remedy: string };
  /** Sentences for the PACS administrator. */
  readonly ask: readonly string[];
}

export interface CheckOptions extends Waiting {
  readonly maxStudies: number;
  /** Instances that are brought at most, so many at a time. */
  readonly maxInstances: number;
  readonly connections: number;
  /** What to ask the administrator for. */
  readonly questions: PacsQuestions;
}

/** Sentences for the PACS administrator. */
export interface PacsQuestions {
  readonly searching: string;
  /** Where everything works. */
  readonly gently: string;
  after(stage: CheckStage, code: string): readonly string[];
}

/** @throws what is no answer of a PACS: the signal's reason */
export async function checkServer(server: ImageServer, options: CheckOptions): Promise<PacsCheck> {
  const { maxStudies, maxInstances, connections, questions, signal } = options;
  const waiting = signal ? { signal } : {};
  let stage: CheckStage = "find";
  let found: Pick<PacsCheck, "studies" | "isMore"> = {};
  try {
    let [studies, isMore, first] = [0, false, ""];
    for await (const study of server.find(waiting)) {
      if (studies === maxStudies) {
        isMore = true;
        break;
      }
      first ||= study;
      studies++;
    }
    found = { studies, isMore };
    if (studies === 0) return { ...found, ask: [questions.searching] };
    stage = "describe";
    const listed = largestSeries(await server.instances(first, waiting));
    stage = "bring";
    const started = performance.now();
    let [instances, bytes, transferSyntax] = [0, 0, ""];
    const take = (one: Uint8Array) => {
      instances++;
      bytes += one.byteLength;
      transferSyntax ||= readInstanceHeader(one).transferSyntax;
    };
    // As an import brings it: in one answer.
    if (server.bringSeries && listed.length <= maxInstances && listed[0]) {
      await server.bringSeries(listed[0], async (one) => take(one), waiting);
    } else {
      const some = listed.slice(0, maxInstances);
      for await (const one of inOrder(some, connections, (instance) => server.bring(instance, waiting))) take(one);
    }
    const seconds = (performance.now() - started) / 1000;
    const speed = { instancesPerSecond: instances / seconds, mibPerSecond: bytes / 2 ** 20 / seconds };
    const series = { instances, bytes, seconds, ...speed, transferSyntax };
    return { ...found, series, ask: [questions.gently] };
  } catch (error) {
    signal?.throwIfAborted();
    if (!isFedError(error)) throw error;
    const { code, remedy } = error;
    return { ...found, failed: { stage, code, remedy }, ask: questions.after(stage, code) };
  }
}

function largestSeries(instances: readonly ListedInstance[]): readonly ListedInstance[] {
  const series = new Map<string, ListedInstance[]>();
  for (const one of instances) {
    const own = series.get(one.seriesUid);
    if (own) own.push(one);
    else series.set(one.seriesUid, [one]);
  }
  return [...series.values()].reduce((a, b) => (b.length > a.length ? b : a), []);
}
