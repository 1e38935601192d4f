import { expect } from "chai";
import { type DicomWebServer, openDicomWeb } from "../../../io/pacs/dicomweb.ts";
import { openDimse } from "../../../io/pacs/dimse.ts";
import { checkServer } from "../../../scripts/pacs/check-server.ts";
import { dimseQuestions, webQuestions } from "../../../scripts/pacs/questions.ts";
import { phantomFiles } from "../../imaging/import/phantom-archive.ts";
import { type Peer, startPeer } from "../../io/pacs/dicomweb-peer.ts";
import { command } from "../../io/pacs/dimse-pdus.ts";
import { startDimsePeer, titles } from "../../io/pacs/dimse-peer.ts";

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
    const options = { maxStudies: 10, maxInstances: 5, connections: 2, questions: webQuestions };
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

  it("brings a whole series at once where it may, as an import does", async () => {
    peer.hook = () => false;
    peer.asked.length = 0;
    const options = { maxStudies: 10, maxInstances: 8, connections: 2, questions: webQuestions };
    expect((await checkServer(open(), options)).series?.instances).to.equal(8);
    expect(peer.asked.filter((path) => path.includes("/instances/"))).to.deep.equal([]);
  });

  it("does the same with DIMSE, and asks for other things", async () => {
    const pacs = await startDimsePeer(files);
    const address = { kind: "dimse", ...titles, host: "127.0.0.1", port: pacs.port, isEncrypted: false } as const;
    const server = openDimse(address, "", { tls: {}, connections: 1 });
    const options = { maxStudies: 10, maxInstances: 300, connections: 1, questions: dimseQuestions };
    const { studies, series } = await checkServer(server, options);
    expect([studies, series?.instances, series?.transferSyntax]).to.deep.equal([1, 8, "1.2.840.10008.1.2.1"]);
    pacs.hook = ({ kind, association }) => {
      if (kind === "get") association.send(command(association, { status: 0xc000 }));
      return kind === "get";
    };
    const { failed, ask } = await checkServer(server, options);
    expect([failed?.stage, failed?.code]).to.deep.equal(["bring", "PACS_REFUSED"]);
    expect(ask.join(" ")).to.include("--receive-at");
    await server.close();
    await pacs.stop();
  });
});
