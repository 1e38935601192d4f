// What a manifest must say to belong to its commitment, at the ends of each range.
import { expect } from "chai";
import { isFedError } from "../../../foundation/errors.ts";
import type { Digest, RoundId } from "../../../protocol/format/digest.ts";
import { type Statement, signManifest, verifyManifest } from "../../../protocol/format/manifest.ts";
import { addressOf } from "../../fakes/federation.ts";
import { fakeSignatures } from "../../fakes/party-ports.ts";

const hospital = addressOf(1);
const named = (byte: string) => `0x${byte.repeat(32)}` as Digest;
const federation = { chainId: 7, contract: addressOf(9) };
const statement: Statement = {
  ...{ version: 1, ...federation, round: 5 as RoundId, trainedIn: 5 as RoundId, hospital },
  ...{ plan: named("01"), base: named("02"), update: named("03"), updateBytes: 100, sampleCount: 4 },
  ...{ shard: named("04"), quarantine: named("05"), software: "test" },
};

/** The code with which a manifest of this statement is refused. */
async function refusal(change: Partial<Statement>, { committed = 4, by = hospital } = {}): Promise<string | undefined> {
  const bytes = await signManifest({ ...statement, ...change }, fakeSignatures(by));
  const bases = [named("02"), named("12")];
  const expected = { federation, round: 5 as RoundId, hospital, plan: named("01"), bases, sampleCount: committed };
  try {
    verifyManifest(bytes, { ...expected, sampleCap: 10 }, fakeSignatures(hospital));
    return undefined;
  } catch (error) {
    return isFedError(error) ? `${error.code} ${error.facts["field"] ?? ""}`.trim() : String(error);
  }
}

describe("verifyManifest", () => {
  it("takes every allowed base, a training of an earlier round, and sample counts from 1 to the cap", async () => {
    for (const change of [{}, { base: named("12") }, { trainedIn: 1 as RoundId }, { trainedIn: 5 as RoundId }]) {
      expect(await refusal(change), JSON.stringify(change)).to.equal(undefined);
    }
    for (const committed of [1, 10])
      expect(await refusal({ sampleCount: committed }, { committed })).to.equal(undefined);
  });

  it("refuses sample counts out of range, also where the contract has the same", async () => {
    for (const committed of [0, 11]) {
      expect(await refusal({ sampleCount: committed }, { committed })).to.equal("SAMPLE_CAP_EXCEEDED");
    }
  });

  it("names the field that differs from the chain", async () => {
    for (const [field, change] of [
      ["chainId", { chainId: 8 }],
      ["contract", { contract: addressOf(8) }],
      ["round", { round: 4 as RoundId, trainedIn: 4 as RoundId }],
      ["hospital", { hospital: addressOf(2) }],
      ["plan", { plan: named("07") }],
      ["sampleCount", { sampleCount: 5 }],
      ["base", { base: named("22") }],
      ["trainedIn", { trainedIn: 6 as RoundId }],
    ] as const) {
      expect(await refusal(change), field).to.equal(`MANIFEST_MISMATCH ${field}`);
    }
  });

  it("refuses another account's signature", async () => {
    expect(await refusal({}, { by: addressOf(2) })).to.equal("MANIFEST_SIGNATURE");
  });
});
