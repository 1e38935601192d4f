import { expect } from "chai";
import fc from "fast-check";
import { readInstance } from "../../../imaging/dicom/read-instance.ts";
import { statedInstanceUid } from "../../../imaging/dicom/stated-uid.ts";
import { sampleFiles, scans } from "./samples.ts";

describe("the UID that a file states at its beginning", () => {
  it("is the instance's", () => {
    for (const bytes of sampleFiles(scans[0]!, "explicit-little")) {
      expect(statedInstanceUid(bytes)).to.equal(readInstance(bytes).instance.instanceUid);
    }
  });

  it("is empty where a file has no meta information, or ends in it", () => {
    const [bytes] = sampleFiles(scans[0]!, "explicit-little");
    expect(statedInstanceUid(bytes!.subarray(132))).to.equal("");
    expect(statedInstanceUid(bytes!.subarray(0, 150))).to.equal("");
    expect(statedInstanceUid(new Uint8Array(0))).to.equal("");
  });

  it("is a text of whatever bytes", () => {
    const header = Buffer.concat([Buffer.alloc(128), Buffer.from("DICM")]);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        statedInstanceUid(Buffer.concat([header, bytes]));
      }),
    );
  });
});
