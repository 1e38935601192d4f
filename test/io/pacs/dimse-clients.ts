// What tests ask of a PACS that speaks DIMSE, as an import does.
import { expect } from "chai";
import { readInstance } from "../../../imaging/dicom/read-instance.ts";
import type { ImageServer, ListedInstance } from "../../../imaging/source/image-server.ts";
import { type DimseAccess, type DimseServer, openDimse } from "../../../io/pacs/dimse.ts";
import { phantomFiles } from "../../imaging/import/phantom-archive.ts";
import { type DimsePeer, startDimsePeer, titles } from "./dimse-peer.ts";

const patience = { answerMs: 20_000, slowMs: 20_000, slowBytes: 1, retriesMs: [10, 10] };
/** No second try. */
export const once = { ...patience, retriesMs: [] };
const maxInstanceBytes = 2 ** 20;

/** Two studies of one series each. */
export const files = [...phantomFiles({ index: 1, id: "P1" }), ...phantomFiles({ index: 2, id: "P2" })];

export type OpenOptions = [access?: Partial<DimseAccess>, isEncrypted?: boolean, own?: typeof titles];

interface DimseClients {
  /** The same for the same options: each has processes, which take their time to start. */
  open(peer: DimsePeer, ...how: OpenOptions): DimseServer;
  close(): Promise<void>;
}

export function dimseClients(): DimseClients {
  const opened = new Map<string, DimseServer>();
  return {
    open({ port }, access = {}, isEncrypted = false, own = titles) {
      const address = { kind: "dimse", ...own, host: "127.0.0.1", port, isEncrypted } as const;
      const all = { ...{ tls: {}, connections: 2, patience, maxInstanceBytes }, ...access };
      const key = JSON.stringify([address, all]);
      const server = opened.get(key) ?? openDimse(address, "ModalitiesInStudy=CT", all);
      opened.set(key, server);
      return server;
    },
    async close() {
      for (const one of opened.values()) await one.close();
    },
  };
}

export async function studiesOf(server: ImageServer): Promise<string[]> {
  const studies: string[] = [];
  for await (const study of server.find({})) studies.push(study);
  return studies;
}

/** The instances of the first study. */
export function firstOf(server: ImageServer, peer: DimsePeer): Promise<readonly ListedInstance[]> {
  return server.instances(peer.stored[0]!.study, {});
}

export async function bringFirstOf(server: ImageServer, peer: DimsePeer): Promise<Uint8Array[]> {
  const [first] = await firstOf(server, peer);
  const brought: Uint8Array[] = [];
  await server.bringSeries!(first!, async (bytes) => void brought.push(bytes), {});
  return brought;
}

/** The files of the first study, pixels and all. */
export function expectWhole(brought: readonly Uint8Array[]): void {
  const pixelsOf = (bytes: Uint8Array) => {
    const { instance, pixels } = readInstance(bytes);
    return [instance.instanceUid, instance.patientId, JSON.stringify(pixels)];
  };
  expect(brought.map(pixelsOf)).to.deep.equal(files.slice(0, 8).map(pixelsOf));
}

export function failureOf(work: Promise<unknown>): Promise<{ code: string; facts: Record<string, unknown> }> {
  return work.then(
    () => expect.fail("it did not fail"),
    (error: { code: string; facts: Record<string, unknown> }) => error,
  );
}

export async function codeOf(work: Promise<unknown>): Promise<string> {
  return (await failureOf(work)).code;
}

export async function freePort(): Promise<number> {
  const taken = await startDimsePeer([]);
  await taken.stop();
  return taken.port;
}
