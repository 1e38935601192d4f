import { expect } from "chai";
import { type DicomWebServer, openDicomWeb } from "../../../io/pacs/dicomweb.ts";
import { checkServer } from "../../../scripts/pacs/check-server.ts";
import { phantomFiles } from "../../imaging/import/phantom-archive.ts";
import { type Peer, startPeer } from "../../io/pacs/dicomweb-peer.ts";

describe("the check of a PACS", () => {
  const files = phantomFiles({ index: 1, id: "P1" });
  let peer: Peer;
  const opened: DicomWebServer[] = [];
  before(async () => {
    peer = await startPeer(files);
  });
  after(async () => {
    await peer.stop();
    for (const one of opened) await one.close();
  });
  function open(): DicomWebServer {
    const server = openDicomWeb(peer.url, "", { credentials: { kind: "none" }, tls: {}, proxies: {}, connections: 4 });
    opened.push(server);
    return server;
  }

  it("measures one series, and says what to ask the administrator for", async () => {
    const options = { maxStudies: 10, maxInstances: 5, connections: 2 };
    const { studies: count, series, failed } = await checkServer(open(), options);
    expect([count, series?.instances, failed]).to.deep.equal([1, 5, undefined]);
    expect(series!.bytes).to.equal(files.slice(0, 5).reduce((sum, { length }) => sum + length, 0));
    const fails = async (path: string, status: number) => {
      peer.hook = (request, response) => {
        if (!request.url!.includes(path)) return false;
        response.writeHead(status).end();
        return true;
      };
      const result = await checkServer(open(), options);
      expect(result.ask).to.not.deep.equal([]);
      return [result.failed?.stage, result.failed?.code];
    };
    expect(await fails("?", 401)).to.deep.equal(["find", "PACS_UNAUTHORISED"]);
    expect(await fails("/metadata", 403)).to.deep.equal(["describe", "PACS_UNAUTHORISED"]);
    expect(await fails("/instances/", 500)).to.deep.equal(["bring", "PACS_REFUSED"]);
  });
});
