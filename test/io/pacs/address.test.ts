import { expect } from "chai";
import { parsePacsAddress } from "../../../io/pacs/address.ts";

describe("the address of a PACS", () => {
  const parse = (text: string) => parsePacsAddress(text, { insecure: false });
  const baseOf = (text: string, insecure = false) => {
    const address = parsePacsAddress(text, { insecure });
    return address.kind === "dicomweb" ? address.base : expect.fail("another kind");
  };

  it("is taken without credentials, and without TLS on this machine only", () => {
    expect(baseOf("dicomweb+https://pacs.example/dicom-web").href).to.equal("https://pacs.example/dicom-web");
    expect(baseOf("dicomweb+http://127.0.0.1:8042/dicom-web").protocol).to.equal("http:");
    for (const text of [
      "dicomweb+https://anna:s3cret@pacs.example/",
      "dicomweb+https://pacs.example/?token=s3cret",
      "dicomweb+http://pacs.example/dicom-web",
      "dicomweb+ftp://pacs.example/",
    ])
      expect(() => parse(text), text)
        .to.throw("PACS_ADDRESS")
        .with.property("message")
        .not.include("s3cret");
    expect(baseOf("dicomweb+http://pacs.example/", true).hostname).to.equal("pacs.example");
  });

  it("names both AE titles for DIMSE, and is encrypted but on this machine", () => {
    const titles = { kind: "dimse", calling: "CONSILIUM", called: "MAIN PACS", port: 11112 };
    expect(parse("dimses://CONSILIUM:MAIN PACS@pacs.example:11112")).to.deep.equal({
      ...{ ...titles, host: "pacs.example", isEncrypted: true },
    });
    expect(parse("dimse://CONSILIUM:MAIN PACS@[::1]:11112/")).to.deep.equal({
      ...{ ...titles, host: "::1", isEncrypted: false },
    });
    for (const text of [
      "dimse://CONSILIUM:PACS@pacs.example:104",
      "dimses://CONSILIUM:PACS@pacs.example",
      "dimses://CONSILIUM@pacs.example:104",
      "dimses://CONSILIUM:PACS@pacs.example:70000",
      "dimses://LONGERTHANSIXTEEN1:PACS@pacs.example:104",
      "dimses:// :PACS@pacs.example:104",
      "dimses://A\\B:PACS@pacs.example:104",
    ])
      expect(() => parse(text), text).to.throw("PACS_ADDRESS");
    expect(parsePacsAddress("dimse://A:B@pacs.example:104", { insecure: true })).to.have.property("port", 104);
  });
});
