// What a study of an image server holds: by the server's own metadata, or, where it describes no instance, by the headers of the
// files, which are kept for the next import from the same server.
import { FedError, isFedError } from "../../foundation/errors.ts";
import { giveBack } from "../../foundation/give-back.ts";
import { inOrder } from "../../foundation/in-order.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import type { CtInstance } from "../dicom/ct-instance.ts";
import { readInstanceDataset, readInstanceHeader } from "../dicom/read-instance.ts";
import { type HeaderMemory, openHeaderMemory } from "./header-memory.ts";
import { type ImageServer, isServerFailure, type ListedInstance } from "./image-server.ts";

const headerBytes = 2 ** 16;

export interface DescribedInstance {
  readonly instanceUid: string;
  readonly header: CtInstance | FedError;
  /** Of the file itself, and not what the server says of it. */
  readonly isFromFile: boolean;
}

type StudyAnswer =
  | { readonly name: string; readonly refusal: FedError }
  | { readonly instances: readonly DescribedInstance[] };

/**
 * Asks what a study holds.
 *
 * @param width instances that are brought at a time, where each is brought by itself
 * @throws the failures of the server
 */
export async function describeStudy(
  server: ImageServer,
  studyUid: string,
  width: number,
  waiting: Waiting,
): Promise<StudyAnswer> {
  try {
    const instances = await server.instances(studyUid, waiting);
    // A server may list an instance twice.
    const once = [...new Map(instances.map((one) => [one.instanceUid, one])).values()];
    const undescribed = once.flatMap(({ dataset, instanceUid }) => (dataset === undefined ? [instanceUid] : [])).sort();
    const memory = memoryOf(server);
    const known = memory.recall(studyUid, undescribed) ?? (await headersFromSeries(server, once, waiting));
    const described = inOrder(once, width, async (one) => {
      const header = await headerOf(server, one, known, waiting);
      return { instanceUid: one.instanceUid, header, isFromFile: one.dataset === undefined };
    });
    const own: DescribedInstance[] = [];
    for await (const one of described) own.push(one);
    memory.keep(studyUid, own);
    return { instances: own };
  } catch (error) {
    if (!isFedError(error) || error.kind !== "pacs" || isServerFailure(error)) throw error;
    return { name: `study-${studyUid}`, refusal: error };
  }
}

/** Headers of the instances that the server does not describe, by UID: of each series in one answer where it has such an answer. */
async function headersFromSeries(
  server: ImageServer,
  listed: readonly ListedInstance[],
  waiting: Waiting,
): Promise<ReadonlyMap<string, CtInstance>> {
  const headers = new Map<string, CtInstance>();
  const undescribed = listed.filter(({ dataset }) => dataset === undefined);
  const series = new Map(undescribed.map((one) => [one.seriesUid, one]));
  for (const one of series.values()) {
    try {
      await server.bringSeries?.(one, async (bytes) => keepHeader(bytes, headers), waiting);
    } catch (error) {
      if (waiting.signal?.aborted || isServerFailure(error)) throw error;
      // About the series as a whole: its instances may come one by one, or say why not.
    }
  }
  return headers;
}

function keepHeader(bytes: Uint8Array, headers: Map<string, CtInstance>): void {
  try {
    const header = readHeader(bytes);
    headers.set(header.instanceUid, header);
  } catch (error) {
    // It is asked for by itself, and then refused with this error.
    if (!isFedError(error)) throw error;
  } finally {
    giveBack(bytes);
  }
}

/** From the data set that the server described, or else from the file. */
async function headerOf(
  server: ImageServer,
  listed: ListedInstance,
  known: ReadonlyMap<string, CtInstance>,
  waiting: Waiting,
): Promise<CtInstance | FedError> {
  const { dataset, studyUid, seriesUid, instanceUid } = listed;
  try {
    const isDescribed = dataset !== undefined;
    const header = isDescribed
      ? readInstanceDataset(dataset)
      : (known.get(instanceUid) ?? (await headerFrom(server.bring(listed, waiting))));
    const isNamed =
      header.studyUid === studyUid && header.seriesUid === seriesUid && header.instanceUid === instanceUid;
    return isNamed ? header : new FedError("PACS_CONTRADICTS");
  } catch (error) {
    if (!isFedError(error) || isServerFailure(error)) throw error;
    return error;
  }
}

export async function headerFrom(bringing: Promise<Uint8Array>): Promise<CtInstance> {
  const bytes = await bringing;
  try {
    return readHeader(bytes);
  } finally {
    giveBack(bytes);
  }
}

/**
 * The beginning is nearly always enough, and parsed faster.
 *
 * @throws those of readInstanceHeader
 */
export function readHeader(bytes: Uint8Array): CtInstance {
  try {
    const header = readInstanceHeader(bytes.subarray(0, headerBytes));
    if (header.hasPixels) return header;
  } catch (error) {
    if (!isFedError(error, "DICOM_TRUNCATED")) throw error;
  }
  return readInstanceHeader(bytes);
}

const memories = new WeakMap<ImageServer, HeaderMemory>();

function memoryOf(server: ImageServer): HeaderMemory {
  const memory = memories.get(server) ?? openHeaderMemory();
  memories.set(server, memory);
  return memory;
}

/** Its headers are read again by the next import: a file was not what they say. */
export function forgetStudy(server: ImageServer, studyUid: string): void {
  memoryOf(server).forget(studyUid);
}
