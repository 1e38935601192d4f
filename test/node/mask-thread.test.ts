import { expect } from "chai";
import { type MaskingInput, makeMaskedObjects } from "../../node/masked-objects.ts";
import { makeMaskedBeside } from "../../node/update-thread.ts";
import { outlineOf } from "../../protocol/format/merkle.ts";
import { prekeyFrom } from "../../protocol/private/box.ts";
import { scoreCounts, sumPlanOf } from "../../protocol/private/sum-plan.ts";
import { secretOf } from "../fakes/party-ports.ts";
import { context, hospitalAt } from "../protocol/private/private-round.ts";
import { modelOf, planOf } from "../protocol/strategy/small-federation.ts";
import { noise } from "../protocol/update/one-update.ts";
import { expectCode } from "../suites/blob-store.ts";

describe("a masked update made in the thread beside a node's own", function () {
  this.timeout(60_000);
  const plan = {
    ...planOf("fedavg", { update: { clipNorm: 1 } }),
    privacy: { mode: "sum", unitWeight: 8, largest: 1000, maxSeals: 1 } as const,
  };
  const inputOf = async (): Promise<MaskingInput> => ({
    ...{ plan, sums: sumPlanOf(plan, { hospitals: 4, parameters: 500 }), sampleCount: 5 },
    base: modelOf({ w: noise(1, 500, 1) }),
    trained: modelOf({ w: noise(2, 500, 1) }),
    histogram: scoreCounts([{ score: 0.5, label: 1 }], 1000),
    ...{ secret: secretOf("mask"), context, hospital: hospitalAt(0) },
    holders: [
      { address: hospitalAt(0), prekey: (await prekeyFrom(secretOf("prekey"))).publicKey },
      { address: hospitalAt(1), prekey: undefined },
      { address: hospitalAt(2), prekey: new Uint8Array(3) },
      { address: hospitalAt(3), prekey: (await prekeyFrom(secretOf("other"))).publicKey },
    ],
  });

  it("has the bytes that it would have in the node's thread", async () => {
    const expected = await makeMaskedObjects(await inputOf());
    const found = await makeMaskedBeside(await inputOf());
    const hex = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString("hex");
    expect(hex(found.masked)).to.equal(hex(expected.masked));
    expect(found.maskedOutline).to.deep.equal(outlineOf(expected.masked));
    expect(hex(found.deal)).to.equal(hex(expected.deal));
    expect(found.boxes.map(hex)).to.deep.equal(expected.boxes.map(hex));
    expect(found.boxes.map((box) => box !== undefined)).to.deep.equal([true, false, false, true]);
  });

  it("is refused with the code of what is wrong, and the thread makes the next one", async () => {
    const wrong = { ...(await inputOf()), trained: modelOf({ w: [1, 2] }) };
    await expectCode(() => makeMaskedBeside(wrong), "TENSOR_SHAPE_MISMATCH");
    expect((await makeMaskedBeside(await inputOf())).deal.byteLength).to.be.above(0);
  });
});
