// The studies of an image server as an archive: their metadata first, by which patients and series are chosen, then each
// chosen instance when it is decoded. Nothing of it is written to disk, and few instances are in memory at a time.
import { openByteBudget } from "../../foundation/byte-budget.ts";
import { FedError, isFedError } from "../../foundation/errors.ts";
import { giveBack } from "../../foundation/give-back.ts";
import { inOrder } from "../../foundation/in-order.ts";
import type { CtInstance } from "../dicom/ct-instance.ts";
import { instanceDigest } from "../dicom/instance-digest.ts";
import { statedInstanceUid } from "../dicom/stated-uid.ts";
import type { SeriesInstance } from "../series/examined-file.ts";
import { describeStudy, forgetStudy, headerFrom, readHeader } from "./describe-study.ts";
import type { Examined } from "./examine.ts";
import { openExaminedFiles } from "./examined-files.ts";
import { type Folder, type ListedFile, openFileList } from "./file-list.ts";
import { type ImageServer, isServerFailure } from "./image-server.ts";
import { openSeriesStreams } from "./series-streams.ts";
import type { Source, SourceProgress } from "./source.ts";

const studiesAhead = 4;
/** Of instances that are in work, whatever their size. */
const maxBytesHeld = 2 ** 27;

interface ServerOptions {
  readonly maxStudies?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Lists what the server finds. Studies that are gone when their metadata is asked for are listed with their refusal.
 *
 * @throws PACS_NO_STUDIES, and the failures of the server
 */
export async function* openServerArchive(
  server: ImageServer,
  { maxStudies = Number.POSITIVE_INFINITY, signal }: ServerOptions = {},
): AsyncGenerator<SourceProgress, Source> {
  const waiting = signal ? { signal } : {};
  const studies: string[] = [];
  if (maxStudies > 0) {
    for await (const study of server.find(waiting)) if (studies.push(study) >= maxStudies) break;
  }
  if (studies.length === 0) throw new FedError("PACS_NO_STUDIES");

  const failed = new AbortController();
  /** In the order of arrival: the listing knows each file's number here as its entry. */
  const headers = openExaminedFiles();
  let arrived = 0;
  /** Digests of headers that the files contradicted: the files count. */
  const corrected = new Map<number, string>();
  const budget = openByteBudget(maxBytesHeld);
  const seriesSizes = new Map<string, number>();
  /** Series whose headers came from the files themselves: nothing is left to compare with them. */
  const readFromFiles = new Set<string>();

  async function bring(entry: number, instanceUid: string): Promise<Uint8Array> {
    const { studyUid, seriesUid } = headers.headerOf(entry).instance;
    return server.bring({ studyUid, seriesUid, instanceUid }, waiting).catch(endIfServer);
  }

  /** The readers of a series take an error for the file's own: this one ends the import. */
  function endIfServer(error: unknown): never {
    if (isServerFailure(error)) failed.abort(error);
    throw error;
  }

  const streams = openSeriesStreams(server, { budget, uidsOf, waiting });
  const folder: Folder = {
    parts: [],
    use: (name, entry, work) => {
      const { instance } = headers.headerOf(entry);
      const { studyUid, seriesUid } = instance;
      const ofSeries = seriesSizes.get(`${studyUid} ${seriesUid}`) ?? 1;
      const expected = corrected.get(entry) ?? instanceDigest(withUid(instance, name));
      return streams
        .use({ studyUid, seriesUid, instanceUid: instanceOf(name) }, ofSeries, (bytes) =>
          work({ bytes, expected }).finally(() => giveBack(bytes)),
        )
        .catch((error: unknown) => {
          if (isFedError(error, "PACS_CONTRADICTS")) forgetStudy(server, studyUid);
          return endIfServer(error);
        });
    },
  };

  const list = openFileList();
  const answers = inOrder(studies, studiesAhead, (study) => describeStudy(server, study, studiesAhead, waiting));
  let done = 0;
  for await (const answer of answers) {
    if ("refusal" in answer) list.add(folder, { ...answer, bytes: 0, version: 0, entry: 0 });
    else {
      for (const { instanceUid, header, isFromFile } of answer.instances) {
        const name = nameOf(instanceUid);
        if (isFedError(header)) list.add(folder, { name, bytes: 0, version: 0, refusal: header });
        else {
          list.add(folder, { name, bytes: 0, version: versionOf(header), entry: arrived });
          headers.addDicom(arrived++, header);
          const series = `${header.studyUid} ${header.seriesUid}`;
          if (isFromFile) readFromFiles.add(series);
          seriesSizes.set(series, (seriesSizes.get(series) ?? 0) + 1);
        }
      }
    }
    yield { stage: "studies", done: ++done, total: studies.length };
  }
  const files = { ...list.finish(), inAnyOrder: true };

  /** By series, what the first of its files says about the metadata of all. */
  const samples = new Map<string, Promise<{ readonly transferSyntax: string } | "another">>();

  async function sample(entry: number, file: ListedFile, instance: SeriesInstance) {
    const uid = instanceOf(file.parts.at(-1)!);
    const header = await budget.hold(estimatedBytes(instance), () => headerFrom(bring(entry, uid)));
    const isSame = instanceDigest(header) === instanceDigest({ ...instance, instanceUid: uid });
    return isSame ? { transferSyntax: header.transferSyntax } : ("another" as const);
  }

  async function examineOne(place: number): Promise<Examined> {
    const file = files.at(place);
    if (file.refusal) return { kind: "refused", file: place, error: file.refusal };
    const { entry } = file;
    const { instance } = headers.headerOf(entry);
    const name = file.parts.at(-1)!;
    const known = withUid(instance, name);
    if (instance.modality !== "CT" || !instance.hasPixels) return { kind: "dicom", file: place, instance: known };
    const key = `${instance.studyUid} ${instance.seriesUid}`;
    if (readFromFiles.has(key)) return { kind: "dicom", file: place, instance: known };
    const sampled = samples.get(key) ?? sample(entry, file, instance);
    samples.set(key, sampled);
    try {
      const said = await sampled;
      if (said !== "another") return { kind: "dicom", file: place, instance: { ...known, ...said } };
      const header = await budget.hold(estimatedBytes(instance), () => headerFrom(bring(entry, known.instanceUid)));
      corrected.set(entry, instanceDigest(header));
      return { kind: "dicom", file: place, instance: header };
    } catch (error) {
      signal?.throwIfAborted();
      if (isServerFailure(error)) throw error;
      return { kind: "refused", file: place, error };
    }
  }

  return {
    files,
    failed: failed.signal,
    examine: () => inOrder(Array(files.length).keys(), examinedAhead, examineOne),
    close: async () => {},
  };
}

/** What a file may be asked for as: what its beginning says, and then what it is. */
function* uidsOf(bytes: Uint8Array): Iterable<string> {
  yield statedInstanceUid(bytes);
  try {
    yield readHeader(bytes).instanceUid;
  } catch {
    // No reader waits for it; its own is told why when it is brought by itself.
  }
}

/** More than requests at a time, so that none waits for the first in order. */
const examinedAhead = 256;

/** No patient of a CSV is named so: names of files must not match rows. */
function nameOf(instanceUid: string): string {
  return `instance-${instanceUid}`;
}

function instanceOf(name: string): string {
  return name.slice("instance-".length);
}

function withUid(instance: SeriesInstance, name: string): CtInstance {
  return { ...instance, instanceUid: instanceOf(name) };
}

const headerAllowance = 2 ** 16;

/** Compressed instances are smaller. */
function estimatedBytes({ rows, columns, bitsAllocated, samplesPerPixel, frames }: SeriesInstance): number {
  const words = rows * columns * samplesPerPixel * Math.max(1, frames.length);
  return headerAllowance + words * Math.ceil(bitsAllocated / 8);
}

function versionOf(header: CtInstance): number {
  return Number.parseInt(instanceDigest(header).slice(0, 12), 16);
}
