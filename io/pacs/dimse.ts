// A PACS without DICOMweb: C-FIND finds studies and lists their instances, C-GET or C-MOVE brings them. It describes no instance,
// so an import reads the headers of CT series from their files.
import { FedError, isFedError } from "../../foundation/errors.ts";
import { createSlots } from "../../foundation/slots.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import type { ImageServer, InstanceName, ListedInstance } from "../../imaging/source/image-server.ts";
import type { PacsAddress } from "./address.ts";
import { type DimseAnswer, type DimseEnd, type DimseReader, startDimseReader } from "./dimse/dimse-reader.ts";
import type { DimseTask, Match } from "./dimse/messages.ts";
import { parseStudyKeys } from "./dimse/query-keys.ts";
import type { TlsFiles } from "./http.ts";
import { openPace } from "./pace.ts";
import { type Patience, usualPatience } from "./patience.ts";
import { withRetries } from "./retries.ts";

export interface DimseAccess {
  /** Used where the address asks for encryption. */
  readonly tls: TlsFiles;
  /** Associations at a time; one for C-MOVE, since they share the port. */
  readonly connections: number;
  /** Undefined for no limit. */
  readonly bytesPerSecond?: number | undefined;
  /** Where the PACS knows our AE title to be: retrieves by C-MOVE. Undefined for C-GET. */
  readonly receiver?: { readonly host: string; readonly port: number } | undefined;
  readonly patience?: Patience | undefined;
  readonly maxInstanceBytes?: number | undefined;
}

export interface DimseServer extends ImageServer {
  close(): Promise<void>;
}

/** What C-FIND said of a series, for its retrieval. */
interface KnownSeries {
  readonly classes: Set<string>;
  listed: number;
  /** Why its retrieval failed, after which its instances are not asked for one by one. */
  failure?: FedError;
}

const maxInstanceBytes = 2 ** 29;
const mostInstances = 200_000;

/**
 * @param query of QIDO-RS for studies, by the attributes that C-FIND knows
 * @throws PACS_QUERY
 */
export function openDimse(
  address: Extract<PacsAddress, { kind: "dimse" }>,
  query: string,
  access: DimseAccess,
): DimseServer {
  const { host, port, calling, called, isEncrypted } = address;
  const keys = parseStudyKeys(query);
  const server = `${host}:${port}`;
  const patience = access.patience ?? usualPatience;
  const pace = openPace(access.bytesPerSecond);
  const peer = { host, port, calling, called, tls: isEncrypted ? access.tls : undefined };
  const [slots, moveSlots] = [createSlots(access.connections), createSlots(1)];
  const readers = new Set<DimseReader>();
  const known = new Map<string, KnownSeries>();
  /** A try that waits must not start another process afterwards. */
  const closed = new AbortController();
  const untilClosed = ({ signal }: Waiting) => (signal ? AbortSignal.any([signal, closed.signal]) : closed.signal);

  async function* ask(task: DimseTask, signal: AbortSignal): AsyncGenerator<DimseAnswer, DimseEnd> {
    const release = await (task.kind === "move" ? moveSlots : slots).take(signal);
    try {
      await pace.ready({ signal });
      for (const one of readers) if (one.state === "ended") readers.delete(one);
      const reader = [...readers].find(({ state }) => state === "free") ?? startDimseReader({ patience, pace, server });
      readers.add(reader);
      const request = { peer, task, maxInstanceBytes: access.maxInstanceBytes ?? maxInstanceBytes };
      return yield* reader.ask(request, signal);
    } finally {
      release();
    }
  }

  function list(studyUid: string, signal: AbortSignal): Promise<Match[]> {
    return withRetries(patience, signal, async () => {
      const matches: Match[] = [];
      for await (const answer of ask({ kind: "list", studyUid }, signal)) {
        if (answer.kind !== "match") throw new FedError("PACS_MALFORMED", { server });
        if (matches.push(answer.match) > mostInstances) throw new FedError("PACS_TOO_LARGE", { server });
      }
      return matches;
    });
  }

  /** @returns how many instances came */
  function retrieve(
    { studyUid, seriesUid, instanceUid }: Omit<InstanceName, "instanceUid"> & { readonly instanceUid?: string },
    take: (file: Buffer, instanceUid: string) => Promise<void>,
    waiting: Waiting,
  ): Promise<number> {
    const signal = untilClosed(waiting);
    const { classes = new Set<string>(), listed = 0 } = known.get(keyOf({ studyUid, seriesUid })) ?? {};
    const wanted = { studyUid, seriesUid, instanceUid, classes: [...classes] };
    const { receiver } = access;
    const task: DimseTask = receiver ? { kind: "move", receiver, ...wanted } : { kind: "get", ...wanted };
    return withRetries(patience, signal, async () => {
      const came = new Set<string>();
      const answers = ask(task, signal);
      for (let next = await answers.next(); ; next = await answers.next()) {
        if (next.done) {
          if (next.value.failed > 0 && came.size === 0) throw new FedError("PACS_REFUSED", { server });
          return came.size;
        }
        const answer = next.value;
        try {
          if (answer.kind !== "instance" || came.has(answer.instanceUid))
            throw new FedError("PACS_MALFORMED", { server });
          came.add(answer.instanceUid);
          if (came.size > listed + toleratedInstances) throw new FedError("PACS_TOO_LARGE", { server });
          await take(answer.file, answer.instanceUid);
        } catch (error) {
          await answers.return(undefined as never);
          throw error;
        }
      }
    });
  }

  const gone = () => new FedError("PACS_GONE", { server });

  /** Some servers refuse to retrieve what they no longer have. */
  async function isGone(studyUid: string, seriesUid: string, waiting: Waiting): Promise<boolean> {
    const left = await list(studyUid, untilClosed(waiting));
    return !left.some((match) => match.seriesUid === seriesUid);
  }

  return {
    async *find(waiting) {
      // Once studies have been handed on, the search cannot begin again.
      const answers = ask({ kind: "find", keys }, untilClosed(waiting));
      const seen = new Set<string>();
      for await (const answer of answers) {
        if (answer.kind !== "match") throw new FedError("PACS_MALFORMED", { server });
        const { studyUid } = answer.match;
        if (seen.has(studyUid)) continue;
        seen.add(studyUid);
        yield studyUid;
      }
    },
    async instances(studyUid, waiting) {
      const matches = await list(studyUid, untilClosed(waiting));
      if (matches.length === 0) throw gone();
      const series = new Map<string, KnownSeries>();
      const listed = matches.map((match): ListedInstance => {
        const { seriesUid, instanceUid, classUid, modality } = match;
        if (seriesUid === undefined || instanceUid === undefined) throw new FedError("PACS_MALFORMED", { server });
        const name = { studyUid, seriesUid, instanceUid };
        const own = series.get(keyOf(name)) ?? { classes: new Set(), listed: 0 };
        series.set(keyOf(name), own);
        own.listed++;
        if (classUid !== undefined) own.classes.add(classUid);
        const isCt = modality === undefined || modality === "CT";
        return { ...name, dataset: isCt ? undefined : datasetOf(name, match) };
      });
      for (const [key, own] of series) known.set(key, own);
      return listed;
    },
    async bringSeries({ studyUid, seriesUid }, take, waiting) {
      const own = known.get(keyOf({ studyUid, seriesUid }));
      try {
        // What is given may be an instance: only its series is meant.
        const came = await retrieve({ studyUid, seriesUid }, take, waiting);
        if (own && came < own.listed) throw gone();
      } catch (error) {
        const isRefused = isFedError(error, "PACS_REFUSED");
        const failure = isRefused && (await isGone(studyUid, seriesUid, waiting)) ? gone() : error;
        if (own && isFedError(failure)) own.failure = failure;
        throw failure;
      }
    },
    async bring({ studyUid, seriesUid, instanceUid }, waiting) {
      const failure = known.get(keyOf({ studyUid, seriesUid }))?.failure;
      if (failure) throw failure;
      let file: Buffer | undefined;
      await retrieve(
        { studyUid, seriesUid, instanceUid },
        async (bytes, uid) => {
          if (uid !== instanceUid) throw new FedError("PACS_CONTRADICTS", { server });
          file = bytes;
        },
        waiting,
      );
      if (!file) throw gone();
      return file;
    },
    async close() {
      closed.abort(new FedError("ABORTED"));
      for (const one of readers) one.close();
    },
  };
}

/** A series may grow between its listing and its retrieval. */
const toleratedInstances = 1000;

function keyOf({ studyUid, seriesUid }: Omit<InstanceName, "instanceUid">): string {
  return `${studyUid} ${seriesUid}`;
}

/** In the JSON model, for instances that are never brought. */
function datasetOf(
  { studyUid, seriesUid, instanceUid }: InstanceName,
  { modality, patientId, accessionNumber }: Match,
): Readonly<Record<string, unknown>> {
  const element = (vr: string, value: string | undefined) => ({ vr, ...(value !== undefined && { Value: [value] }) });
  return {
    "00080018": element("UI", instanceUid),
    "0020000D": element("UI", studyUid),
    "0020000E": element("UI", seriesUid),
    "00080060": element("CS", modality),
    "00080050": element("SH", accessionNumber),
    "00100020": element("LO", patientId),
  };
}
