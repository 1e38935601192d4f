import { expect } from "chai";
import { isSignedByHospital, signWrite, type UnsignedWrite } from "../../../protocol/contract/write-signature.ts";
import { parseAddress, parseDigest, parseRoundId } from "../../../protocol/format/digest.ts";
import {
  decodeSignedWrite,
  encodeSignedWrite,
  judgeSignedWrite,
  nameOfWrite,
  type SignedWrite,
} from "../../../protocol/format/signed-write.ts";
import { fakeSignatures } from "../../fakes/party-ports.ts";

const hospital = parseAddress(`0x${"a1".repeat(20)}`);
const other = parseAddress(`0x${"a2".repeat(20)}`);
const federation = { chainId: 31337, contract: parseAddress(`0x${"c0".repeat(20)}`) };
const digest = parseDigest(`0x${"1d".repeat(32)}`);
const round = parseRoundId(3);
const common = { version: 1, ...federation, round, hospital } as const;
const commitment: UnsignedWrite = { ...common, kind: "commitment", manifest: digest, sampleCount: 12 };
const vote: UnsignedWrite = { ...common, kind: "vote", proposal: 2, model: digest, agree: true, scores: digest };
const signature = `0x${"13".repeat(65)}` as const;

describe("a signed write", () => {
  it("has these bytes", () => {
    expect(Buffer.from(encodeSignedWrite({ ...vote, signature } as SignedWrite)).toString()).to.equal(
      `{"agree":true,"chainId":31337,"contract":"${federation.contract}","hospital":"${hospital}","kind":"vote",` +
        `"model":"${digest}","proposal":2,"round":3,"scores":"${digest}","signature":"${signature}","version":1}`,
    );
  });

  for (const write of [commitment, vote]) {
    it(`is read as it was written, and signed over its whole content (${write.kind})`, async () => {
      const signatures = fakeSignatures(hospital);
      const signed = await signWrite(write, signatures);
      expect(decodeSignedWrite(encodeSignedWrite(signed))).to.deep.equal(signed);
      expect(encodeSignedWrite(signed).byteLength).to.be.below(800);
      expect(isSignedByHospital(signed, signatures)).to.equal(true);
      const changes: object[] = [
        { chainId: 1 },
        { contract: other },
        { round: parseRoundId(4) },
        { hospital: other },
        ...(write.kind === "commitment"
          ? [{ sampleCount: 13 }, { manifest: parseDigest(`0x${"22".repeat(32)}`) }]
          : [{ proposal: 3 }, { agree: false }, { model: parseDigest(`0x${"22".repeat(32)}`) }]),
      ];
      for (const change of changes) {
        expect(isSignedByHospital({ ...signed, ...change } as SignedWrite, signatures)).to.equal(false);
      }
    });
  }

  it("is refused with fields that the contract would not take", () => {
    const refused = (change: object, write: UnsignedWrite = commitment) => {
      const bytes = encodeSignedWrite({ ...write, signature, ...change } as SignedWrite);
      expect(() => decodeSignedWrite(bytes), JSON.stringify(change)).to.throw("SIGNED_WRITE_MALFORMED");
    };
    for (const change of [{ sampleCount: 0 }, { sampleCount: 2 ** 20 + 1 }, { manifest: `0x${"0".repeat(64)}` }]) {
      refused(change);
    }
    for (const change of [{ proposal: 0 }, { proposal: 256 }, { agree: 1 }, { sampleCount: 3 }]) refused(change, vote);
  });

  it("is taken from its hospital only, for the rounds around the newest", () => {
    const view = { federation, sender: hospital, latestRound: round };
    const judged = (write: object, change: object = {}) =>
      judgeSignedWrite({ ...vote, signature, ...write } as SignedWrite, { ...view, ...change });
    expect(judged({})).to.equal("accept");
    expect(judged({}, { sender: other })).to.equal("reject");
    expect(judged({}, { sender: undefined })).to.equal("reject");
    expect(judged({ chainId: 1 })).to.equal("reject");
    expect(judged({ contract: other })).to.equal("reject");
    expect([1, 2, 4, 5].map((each) => judged({ round: each }))).to.deep.equal(["ignore", "accept", "accept", "ignore"]);
  });

  it("has one name a round, or a proposal and model", () => {
    expect(nameOfWrite({ ...commitment, signature } as SignedWrite)).to.equal("commitment/3");
    expect(nameOfWrite({ ...vote, signature } as SignedWrite)).to.equal(`vote/3/2/${digest}`);
  });
});
