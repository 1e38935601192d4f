import { expect } from "chai";
import { type DicomWebServer, openDicomWeb } from "../../../io/pacs/dicomweb.ts";
import { openPace } from "../../../io/pacs/pace.ts";
import { phantomFiles } from "../../imaging/import/phantom-archive.ts";
import { startPeer } from "./dicomweb-peer.ts";

describe("the pace of a PACS import", () => {
  it("waits until what was received is within the limit", async () => {
    let nowMs = 0;
    const pace = openPace(1000, () => nowMs);
    pace.received(20);
    pace.received(20);
    let isReady = false;
    const ready = pace.ready({}).then(() => {
      isReady = true;
    });
    await new Promise(setImmediate);
    expect(isReady).to.equal(false);
    nowMs = 40;
    const free = openPace(undefined, () => nowMs);
    free.received(1e12);
    await free.ready({});
    await ready;
  });

  it("holds within one answer of DICOMweb, and over several requests at a time", async () => {
    const files = phantomFiles({ index: 1, id: "P1" });
    const peer = await startPeer(files);
    const bytes = files.reduce((sum, { length }) => sum + length, 0);
    const secondsWith = async (
      bytesPerSecond: number | undefined,
      bring: (server: DicomWebServer) => Promise<unknown>,
    ) => {
      const access = { credentials: { kind: "none" }, tls: {}, proxies: {}, connections: 4, bytesPerSecond } as const;
      const server = openDicomWeb(peer.url, "", access);
      const started = performance.now();
      await bring(server);
      await server.close();
      return (performance.now() - started) / 1000;
    };
    const [study = ""] = peer.studies();
    const bringSeries = async (server: DicomWebServer) => {
      const [first] = await server.instances(study, {});
      await server.bringSeries!(first!, async () => {}, {});
    };
    const bringEach = async (server: DicomWebServer) =>
      Promise.all((await server.instances(study, {})).map((one) => server.bring(one, {})));
    const free = await secondsWith(undefined, bringSeries);
    // The series takes a second, and its metadata somewhat more.
    expect(await secondsWith(bytes, bringSeries)).to.be.within(Math.max(0.9, 2 * free), 20);
    // Four requests at a time are under way when the limit is reached.
    expect(await secondsWith(bytes, bringEach)).to.be.within(0.4, 20);
    await peer.stop();
  });
});
