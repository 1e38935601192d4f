// The tasks of the DIMSE process: what it asks the PACS, and what it says of the answers.
import dimse from "dcmjs-dimse";
import { type AssociationPlan, type OpenAssociation, openAssociation } from "./association.ts";
import { DimseFailure, unknownTitle } from "./failure.ts";
import type { GuardedSocket } from "./guarded-socket.ts";
import type { DimseRequest, Match, Retrieval } from "./messages.ts";
import { openReceiver } from "./receiver.ts";
import { abortReason, type InstanceSink } from "./storing-peer.ts";

const { CFindRequest, CGetRequest, CMoveRequest } = dimse.requests;
const {
  StudyRootQueryRetrieveInformationModelFind: find,
  StudyRootQueryRetrieveInformationModelGet: get,
  StudyRootQueryRetrieveInformationModelMove: move,
} = dimse.constants.SopClass;

export interface TaskOutput {
  match(match: Readonly<Record<keyof Match, unknown>>): void;
  /** Where the instances of one association go. */
  openSink(): InstanceSink;
  /** Connections that are paused while nobody takes what is written. */
  readonly paced: Set<GuardedSocket>;
}

export interface TaskEnd {
  readonly completed: number;
  readonly failed: number;
}

/** @throws DimseFailure */
export async function perform(request: DimseRequest, output: TaskOutput): Promise<TaskEnd> {
  const { task } = request;
  if (task.kind === "get") return await retrieveByGet(request, task, output);
  if (task.kind === "move") return await retrieveByMove(request, task, task.receiver, output);
  await inAssociation(request, { service: find }, output, async (association) => {
    if (task.kind === "list") return await listStudy(association, task.studyUid, output);
    await findStudies(association, task.keys, output);
  });
  return { completed: 0, failed: 0 };
}

async function inAssociation<T>(
  { peer, maxInstanceBytes }: DimseRequest,
  plan: Pick<AssociationPlan, "service" | "classes">,
  { openSink, paced }: TaskOutput,
  work: (association: OpenAssociation) => Promise<T>,
): Promise<T> {
  const association = await openAssociation(peer, { ...plan, sink: openSink(), maxInstanceBytes });
  paced.add(association.guarded);
  try {
    return await work(association);
  } finally {
    paced.delete(association.guarded);
    association.close();
  }
}

async function findStudies(
  association: OpenAssociation,
  keys: Readonly<Record<string, string>>,
  { match }: TaskOutput,
): Promise<void> {
  let count = 0;
  try {
    await association.ask(query("STUDY", { StudyInstanceUID: "", ...keys }), (found) => {
      count++;
      match(described(found));
    });
  } catch (error) {
    // Orthanc answers the search of an AE title that it does not know by an abort.
    const isAborted = error instanceof DimseFailure && error.message === abortReason && count === 0;
    throw isAborted ? unknownTitle("search aborted") : error;
  }
}

/** Study, series, instances: a PACS need not answer a level without the UIDs above it (PS3.4 C.4.1.2.2.1). */
async function listStudy(association: OpenAssociation, studyUid: string, { match }: TaskOutput): Promise<void> {
  let study: Readonly<Record<string, unknown>> = {};
  const asked = { StudyInstanceUID: studyUid, PatientID: "", AccessionNumber: "" };
  await association.ask(query("STUDY", asked), (found) => {
    study = found;
  });
  const series: Readonly<Record<string, unknown>>[] = [];
  const ofSeries = { StudyInstanceUID: studyUid, SeriesInstanceUID: "", Modality: "" };
  await association.ask(query("SERIES", ofSeries), (found) => {
    if (series.length < mostSeries) series.push(found);
  });
  for (const one of series) {
    const ofInstances = {
      StudyInstanceUID: studyUid,
      SeriesInstanceUID: one["SeriesInstanceUID"],
      SOPInstanceUID: "",
      SOPClassUID: "",
    };
    // Each level knows its own keys, and some servers answer others with nothing.
    const above = { ...described(study), modality: textOf(one["Modality"]) };
    await association.ask(query("IMAGE", ofInstances), (found) => {
      const { instanceUid, classUid } = described(found);
      match({ ...above, studyUid, seriesUid: one["SeriesInstanceUID"], instanceUid, classUid });
    });
  }
}

const mostSeries = 10_000;

function query(
  level: "STUDY" | "SERIES" | "IMAGE",
  keys: Readonly<Record<string, unknown>>,
): dimse.requests.CFindRequest {
  const request = new CFindRequest();
  request.setDataset(new dimse.Dataset({ ...keys, QueryRetrieveLevel: level }));
  return request;
}

function described(found: Readonly<Record<string, unknown>>): Record<keyof Match, unknown> {
  return {
    studyUid: found["StudyInstanceUID"],
    seriesUid: textOf(found["SeriesInstanceUID"]),
    instanceUid: textOf(found["SOPInstanceUID"]),
    classUid: textOf(found["SOPClassUID"]),
    modality: textOf(found["Modality"]),
    patientId: textOf(found["PatientID"]),
    accessionNumber: textOf(found["AccessionNumber"]),
  };
}

/** Undefined for what an optional key has no value of. */
function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function retrieveByGet(request: DimseRequest, retrieval: Retrieval, output: TaskOutput): Promise<TaskEnd> {
  const { studyUid, seriesUid, instanceUid } = retrieval;
  return inAssociation(request, { service: get, classes: retrieval.classes }, output, async (association) => {
    const asked =
      instanceUid === undefined
        ? CGetRequest.createSeriesGetRequest(studyUid, seriesUid)
        : CGetRequest.createImageGetRequest(studyUid, seriesUid, instanceUid);
    return endOf(await association.ask(asked));
  });
}

async function retrieveByMove(
  request: DimseRequest,
  retrieval: Retrieval,
  address: { readonly host: string; readonly port: number },
  output: TaskOutput,
): Promise<TaskEnd> {
  const { peer, maxInstanceBytes } = request;
  const { studyUid, seriesUid, instanceUid } = retrieval;
  const { openSink } = output;
  const receiver = await openReceiver({ peer, address, maxInstanceBytes, openSink, paced: output.paced });
  try {
    return await inAssociation(request, { service: move }, output, async (association) => {
      const asked =
        instanceUid === undefined
          ? CMoveRequest.createSeriesMoveRequest(peer.calling, studyUid, seriesUid)
          : CMoveRequest.createImageMoveRequest(peer.calling, studyUid, seriesUid, instanceUid);
      return endOf(await Promise.race([association.ask(asked), receiver.failed]));
    });
  } finally {
    receiver.close();
  }
}

function endOf(response: Awaited<ReturnType<OpenAssociation["ask"]>>): TaskEnd {
  const counts = response as dimse.responses.CGetResponse;
  const count = (value: unknown) => (Number.isSafeInteger(value) ? (value as number) : 0);
  return {
    completed: count(counts.getCompleted()) + count(counts.getWarnings()),
    failed: count(counts.getFailures()),
  };
}
