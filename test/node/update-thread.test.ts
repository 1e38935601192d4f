import { expect } from "chai";
import { makeUpdateBeside } from "../../node/update-thread.ts";
import { outlineOf } from "../../protocol/format/merkle.ts";
import { makeUpdate, type UpdateInput } from "../../protocol/update/make-update.ts";
import { modelOf, planOf } from "../protocol/strategy/small-federation.ts";
import { noise } from "../protocol/update/one-update.ts";
import { expectCode } from "../suites/blob-store.ts";

describe("an update made in the thread beside a node's own", () => {
  const inputOf = (): UpdateInput => ({
    ...{ plan: planOf("fedavg", { update: { clipNorm: 1 } }), round: 3, unitMove: undefined },
    hospital: "0x0101010101010101010101010101010101010101" as UpdateInput["hospital"],
    base: modelOf({ w: noise(1, 500, 1) }),
    local: modelOf({ w: noise(2, 500, 1) }),
    residual: undefined,
  });

  it("has the bytes that it would have in the node's thread, also with a residual and from parts of a buffer", async () => {
    const madeHere = (input: UpdateInput) => {
      const made = makeUpdate(input);
      return { ...made, outline: outlineOf(made.update) };
    };
    const expected = madeHere(inputOf());
    expect(await makeUpdateBeside(inputOf())).to.deep.equal(expected);
    const next = () => ({ ...inputOf(), round: 4, residual: Buffer.concat([expected.residual]) });
    const whole = Buffer.concat([Buffer.from("before"), next().base, Buffer.from("after")]);
    const part = { ...next(), base: whole.subarray(6, whole.byteLength - 5) };
    expect(await makeUpdateBeside(part)).to.deep.equal(madeHere(next()));
    expect(whole.subarray(0, 6).toString()).to.equal("before");
  });

  it("may be of a training that returned the base itself", async () => {
    const input = inputOf();
    expect((await makeUpdateBeside({ ...input, local: input.base })).norm).to.equal(0);
  });

  it("is refused with the code of what is wrong, and the thread makes the next one", async () => {
    const wrong = () => ({ ...inputOf(), local: modelOf({ w: [1, 2] }) });
    await expectCode(() => makeUpdateBeside(wrong()), "TENSOR_SHAPE_MISMATCH");
    expect((await makeUpdateBeside(inputOf())).norm).to.be.above(0);
  });
});
