// A PACS with DICOMweb (PS3.18): QIDO-RS finds studies, WADO-RS brings metadata and instances.
import { FedError } from "../../foundation/errors.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import type { ImageServer, InstanceName, ListedInstance } from "../../imaging/source/image-server.ts";
import { readBytesOf } from "./byte-reader.ts";
import { type Answer, openPacsHttp, type PacsAccess } from "./http.ts";
import { jsonArrayElements } from "./json-array.ts";
import { multipartParts } from "./multipart.ts";
import { isQueryName } from "./query-names.ts";

export interface DicomWebServer extends ImageServer {
  close(): Promise<void>;
}

const jsonType = "application/dicom+json";
const instanceType = 'multipart/related; type="application/dicom"; transfer-syntax=*';
const pageStudies = 200;
const maxInstanceBytes = 2 ** 29;
/** Enhanced instances describe thousands of frames in one data set. */
const jsonLimits = { maxElements: 200_000, maxElementBytes: 2 ** 25 };

/**
 * @param base http or https address of the service, without credentials
 * @param query of QIDO-RS for studies
 * @throws PACS_QUERY
 */
export function openDicomWeb(base: URL, query: string, access: PacsAccess): DicomWebServer {
  const asked = parseQuery(query);
  const http = openPacsHttp(base, access);
  const list = (path: string, waiting: Waiting) => http.get(path, jsonType, readJson, waiting);
  return {
    async *find(waiting) {
      const seen = new Set<string>();
      for (let offset = 0; ; offset += pageStudies) {
        asked.set("limit", String(pageStudies));
        asked.set("offset", String(offset));
        const page = (await list(`/studies?${asked}`, waiting)).map((one) => uidOf(one, studyTag));
        const known = seen.size;
        for (const studyUid of page) {
          if (seen.has(studyUid)) continue;
          seen.add(studyUid);
          yield studyUid;
        }
        // Some servers know neither limit nor offset and answer the same again.
        if (page.length < pageStudies || seen.size === known) return;
      }
    },
    async instances(studyUid, waiting) {
      const datasets = await list(`/studies/${checked(studyUid)}/metadata`, waiting);
      if (datasets.length === 0) throw new FedError("PACS_GONE", { server: base.host });
      return datasets.map((dataset): ListedInstance => {
        const name = { seriesUid: uidOf(dataset, seriesTag), instanceUid: uidOf(dataset, instanceTag) };
        return { studyUid, ...name, dataset };
      });
    },
    bringSeries: (series, take, waiting) =>
      http.get(
        seriesPath(series),
        instanceType,
        async ({ contentType, body }) => {
          for await (const part of multipartParts(body, contentType, maxInstanceBytes)) await take(part);
        },
        waiting,
      ),
    bring: (instance, waiting) => http.get(pathOf(instance), instanceType, readInstance, waiting),
    close: http.close,
  };
}

function parseQuery(query: string): URLSearchParams {
  const asked = new URLSearchParams(query.replace(/^\?/, ""));
  for (const name of asked.keys()) {
    if (isQueryName(name)) continue;
    const remedy =
      "write names as in DICOM, such as ModalitiesInStudy=CT&StudyDate=20200101-20201231, or as tags: 00080080=X";
    throw new FedError("PACS_QUERY", {}, { remedy });
  }
  return asked;
}

function seriesPath({ studyUid, seriesUid }: Omit<InstanceName, "instanceUid">): string {
  return `/studies/${checked(studyUid)}/series/${checked(seriesUid)}`;
}

function pathOf({ instanceUid, ...series }: InstanceName): string {
  return `${seriesPath(series)}/instances/${checked(instanceUid)}`;
}

async function readJson({ status, contentType, body }: Answer): Promise<unknown[]> {
  if (status === 204) return [];
  if (!/^application\/(dicom\+)?json\b/i.test(contentType)) throw malformed("content type");
  const elements: unknown[] = [];
  for await (const one of jsonArrayElements(body, jsonLimits)) elements.push(one);
  return elements;
}

/** One part, or the file itself, as some servers send a single instance. */
async function readInstance({ contentType, body }: Answer): Promise<Uint8Array> {
  if (/^application\/dicom\s*(;|$)/i.test(contentType)) return readBytesOf(body).rest(maxInstanceBytes);
  let instance: Buffer | undefined;
  for await (const part of multipartParts(body, contentType, maxInstanceBytes)) {
    if (instance) throw malformed("more than one part");
    instance = part;
  }
  if (!instance) throw malformed("no part");
  return instance;
}

const [studyTag, seriesTag, instanceTag] = ["0020000D", "0020000E", "00080018"];
const uidForm = /^[0-9.]{1,64}$/;

function uidOf(dataset: unknown, tag: string): string {
  const element = (dataset as Record<string, { Value?: readonly unknown[] } | undefined>)[tag];
  const uid = Array.isArray(element?.Value) ? element.Value[0] : undefined;
  return checked(uid);
}

/** A UID becomes part of an address: it must not be able to name another one. */
function checked(uid: unknown): string {
  if (typeof uid !== "string" || !uidForm.test(uid) || uid === "." || uid === "..") throw malformed("UID");
  return uid;
}

function malformed(what: string): FedError {
  return new FedError("PACS_MALFORMED", { what });
}
