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
}

/** @throws what is no answer of a PACS: the signal's reason */
export async function checkServer(server: ImageServer, options: CheckOptions): Promise<PacsCheck> {
  const { maxStudies, maxInstances, connections, signal } = options;
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
    if (studies === 0) return { ...found, ask: [searching] };
    stage = "describe";
    const instances = largestSeries(await server.instances(first, waiting)).slice(0, maxInstances);
    stage = "bring";
    const started = performance.now();
    let [bytes, transferSyntax] = [0, ""];
    for await (const one of inOrder(instances, connections, (instance) => server.bring(instance, waiting))) {
      bytes += one.byteLength;
      transferSyntax ||= readInstanceHeader(one).transferSyntax;
    }
    const seconds = (performance.now() - started) / 1000;
    const speed = { instancesPerSecond: instances.length / seconds, mibPerSecond: bytes / 2 ** 20 / seconds };
    const series = { instances: instances.length, bytes, seconds, ...speed, transferSyntax };
    return { ...found, series, ask: [gently] };
  } catch (error) {
    signal?.throwIfAborted();
    if (!isFedError(error)) throw error;
    const { code, remedy } = error;
    return { ...found, failed: { stage, code, remedy }, ask: questions(stage, code) };
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

const searching = "Is this account allowed to search studies (QIDO-RS), and does it see the department's CT?";
const gently = "At what hours, with how many requests at a time and how fast may an import read?";

function questions(stage: CheckStage, code: string): string[] {
  if (code === "PACS_UNREACHABLE" || code === "PACS_SLOW" || code === "PACS_BUSY") {
    return [
      "What are the host, port and path of the PACS's DICOMweb service, and may this machine connect to it?",
      "Is there a proxy or firewall between the two, and which name and port does it want to know?",
    ];
  }
  if (code === "PACS_CERTIFICATE") {
    return [
      "Which certificate authority signed the PACS's certificate (a PEM file, for --ca)?",
      "Does the PACS want a client certificate, and who signs one for this machine?",
    ];
  }
  if (code === "PACS_UNAUTHORISED" || code === "PACS_TOKEN") {
    return [
      "How does a program log in: user and password, bearer token, client certificate?",
      "An account that may read only: search studies (QIDO-RS), metadata and instances (WADO-RS).",
    ];
  }
  if (stage === "find") return ["Is DICOMweb (QIDO-RS and WADO-RS) switched on, and at which path?", searching];
  if (stage === "describe") return ["Is this account allowed to read the metadata of studies (WADO-RS /metadata)?"];
  return ["Is this account allowed to read instances in the transfer syntax in which they are stored (WADO-RS)?"];
}
