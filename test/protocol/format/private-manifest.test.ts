import { expect } from "chai";
import { canonicalBytes } from "../../../protocol/format/canonical.ts";
import { parseAddress, parseDigest, parseRoundId } from "../../../protocol/format/digest.ts";
import { type Statement, signManifest } from "../../../protocol/format/manifest.ts";
import {
  manifestObjects,
  type PrivateStatement,
  signPrivateManifest,
  verifyPrivateManifest,
} from "../../../protocol/format/private-manifest.ts";
import { fakeSignatures } from "../../fakes/party-ports.ts";
import { codeOf } from "../update/one-update.ts";

const digestOf = (byte: string) => parseDigest(`0x${byte.repeat(32)}`);
const hospital = parseAddress(`0x${"a1".repeat(20)}`);
const federation = { chainId: 31337, contract: parseAddress(`0x${"c0".repeat(20)}`) };
const round = parseRoundId(3);
const statement: PrivateStatement = {
  ...federation,
  ...{ version: 2, round, trainedIn: round, hospital, plan: digestOf("01"), base: digestOf("02") },
  ...{ masked: digestOf("03"), deal: digestOf("04"), sampleCount: 8, shard: digestOf("05") },
  ...{ quarantine: digestOf("06"), software: "consilium test" },
};
const expected = {
  ...{ federation, round, hospital, plan: digestOf("01"), bases: [digestOf("02")] },
  ...{ sampleCount: 8, sampleCap: 10 },
};
const plain: Statement = (() => {
  const { masked, deal: _, ...rest } = statement;
  return { ...rest, version: 1, update: masked, updateBytes: 2048 };
})();

async function outcome(change: Partial<PrivateStatement>, by = hospital): Promise<string | undefined> {
  const bytes = await signPrivateManifest({ ...statement, ...change }, fakeSignatures(by));
  return codeOf(async () => verifyPrivateManifest(bytes, expected, fakeSignatures(hospital)));
}

describe("the manifest of a private round", () => {
  it("is taken as its hospital signed it", async () => {
    expect(await outcome({})).to.equal(undefined);
  });

  it("is refused where it is of another round, contract, chain, hospital, plan, base or count, or of another signer", async () => {
    const other = parseAddress(`0x${"b2".repeat(20)}`);
    const changes: Partial<PrivateStatement>[] = [
      ...[
        { round: parseRoundId(4) },
        { contract: other },
        { chainId: 1 },
        { hospital: other },
        { plan: digestOf("09") },
      ],
      ...[{ base: digestOf("09") }, { sampleCount: 9 }, { trainedIn: parseRoundId(4) }, { trainedIn: parseRoundId(0) }],
    ];
    for (const change of changes) expect(await outcome(change)).to.equal("MANIFEST_MISMATCH");
    expect(await outcome({}, other)).to.equal("MANIFEST_SIGNATURE");
  });

  it("says nothing of loss, time or labels, and one of version 1 does not pass for it", async () => {
    const signatures = fakeSignatures(hospital);
    const good = JSON.parse(new TextDecoder().decode(await signPrivateManifest(statement, signatures))) as object;
    const verified = (bytes: Uint8Array) => codeOf(async () => verifyPrivateManifest(bytes, expected, signatures));
    for (const field of [{ finalLoss: 0.5 }, { seconds: 3 }, { positives: 4 }, { update: digestOf("03") }]) {
      expect(await verified(canonicalBytes({ ...good, ...field }))).to.equal("MANIFEST_MALFORMED");
    }
    const old = await signManifest(plain, signatures);
    expect(await verified(old)).to.equal("MANIFEST_MALFORMED");
  });

  it("names a masked object and a deal; one of version 1 an update", async () => {
    const signatures = fakeSignatures(hospital);
    expect(manifestObjects(await signPrivateManifest(statement, signatures))).to.deep.equal([
      statement.masked,
      statement.deal,
    ]);
    expect(manifestObjects(await signManifest(plain, signatures))).to.deep.equal([statement.masked]);
  });
});
