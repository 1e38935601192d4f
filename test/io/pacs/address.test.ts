import { expect } from "chai";
import { parsePacsAddress } from "../../../io/pacs/address.ts";

describe("the address of a PACS", () => {
  it("is taken without credentials, and without TLS on this machine only", () => {
    const parse = (text: string) => parsePacsAddress(text, { insecure: false });
    expect(parse("dicomweb+https://pacs.example/dicom-web").base.href).to.equal("https://pacs.example/dicom-web");
    expect(parse("dicomweb+http://127.0.0.1:8042/dicom-web").base.protocol).to.equal("http:");
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
    expect(parsePacsAddress("dicomweb+http://pacs.example/", { insecure: true }).base.hostname).to.equal(
      "pacs.example",
    );
  });
});
