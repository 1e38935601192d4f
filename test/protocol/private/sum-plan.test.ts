import { expect } from "chai";
import { zeroDigest } from "../../../protocol/format/digest.ts";
import { foundingSums, mechanismOf, type PrivacySpec } from "../../../protocol/format/privacy-spec.ts";
import { parseSafetensorsHeader } from "../../../protocol/format/safetensors.ts";
import { checkMechanism } from "../../../protocol/private/agreed-mechanism.ts";
import { prekeyBytes } from "../../../protocol/private/box.ts";
import {
  decodePrekeyStatement,
  isPrekeySigned,
  prekeyOf,
  signPrekey,
  type UnsignedPrekey,
} from "../../../protocol/private/prekey-statement.ts";
import { scoreCounts, sumPlanOf } from "../../../protocol/private/sum-plan.ts";
import { updateLayout } from "../../../protocol/update/update-layout.ts";
import { fakeSignatures } from "../../fakes/party-ports.ts";
import { modelOf, planOf } from "../strategy/small-federation.ts";
import { codeOf } from "../update/one-update.ts";
import { context, hospitalAt } from "./private-round.ts";

const privacy: PrivacySpec = { mode: "sum", unitWeight: 128, largest: 2047, maxSeals: 16 };

describe("what a private sum is made of", () => {
  it("follows from plan, base and hospitals: 4 bytes a parameter up to 16 hospitals of 12 bits, then 6", async () => {
    const ringAt = (hospitals: number, largest = privacy.largest) =>
      sumPlanOf({ privacy: { ...privacy, largest } }, { hospitals, parameters: 10 }).ring.name;
    expect([4, 16, 17, 256].map((hospitals) => ringAt(hospitals))).to.deep.equal(["L16", "L16", "L24", "L24"]);
    expect(ringAt(256, 127)).to.equal("L16");
    expect(ringAt(256, 32767)).to.equal("L24");
    const { layout, coordinates, unitWeight, largest } = sumPlanOf({ privacy }, { hospitals: 4, parameters: 10 });
    expect(layout).to.deep.equal({ parameters: 10, bins: 64, canaries: 0 });
    expect({ coordinates, unitWeight, largest }).to.deep.equal({ coordinates: 138, unitWeight: 128, largest: 2047 });
    const unplanned = codeOf(async () => sumPlanOf({}, { hospitals: 4, parameters: 10 }));
    expect(await unplanned).to.equal("PRIVACY_NOT_PLANNED");
  });

  it("counts at most the largest integer of patients in a bin", () => {
    const predictions = Array.from({ length: 9 }, () => ({ score: 0.999, label: 1 as const }));
    expect(scoreCounts(predictions, 5).positives[63]).to.equal(5);
    expect(scoreCounts(predictions, 9).positives[63]).to.equal(9);
  });

  it("has first steps that 16 root mean squares of a clipped update fill", () => {
    const base = modelOf({ a: Array.from({ length: 1024 }, () => 1) });
    const header = parseSafetensorsHeader(base, base.byteLength);
    const exponents = (plan: ReturnType<typeof planOf>) =>
      updateLayout(header, plan).segments.map((each) => each.exponent);
    const plan = planOf("fedavg", { update: { clipNorm: 8 } });
    // 16 * 8 / 32 = 4: 4 / 2047 is above 2^-9
    expect(exponents({ ...plan, privacy })).to.deep.equal([-8]);
    expect(exponents({ ...plan, privacy: { ...privacy, largest: 2048 } })).to.deep.equal([-9]);
  });

  it("has the mechanism that its contract was founded with, or nobody trains", async () => {
    const founded = foundingSums({ privacy })!;
    expect(founded).to.deep.equal({ mechanism: mechanismOf(privacy), maxSeals: 16 });
    const outcome = (plan: { privacy?: PrivacySpec }, of: typeof founded | undefined) =>
      codeOf(async () => checkMechanism(plan, of));
    expect(await outcome({ privacy }, founded)).to.equal(undefined);
    expect(await outcome({}, undefined)).to.equal(undefined);
    const carried = { mechanism: zeroDigest, maxSeals: 0, seals: 9 };
    expect(await outcome({}, carried), "a plain federation that carries its predecessor's count").to.equal(undefined);
    expect(await outcome({}, founded), "updates would leave in the clear").to.equal("MECHANISM_MISMATCH");
    expect(await outcome({ privacy }, undefined)).to.equal("MECHANISM_MISMATCH");
    expect(await outcome({ privacy }, carried)).to.equal("MECHANISM_MISMATCH");
    for (const change of [{ largest: 2046 }, { unitWeight: 64 }, { maxSeals: 17 }]) {
      expect(await outcome({ privacy: { ...privacy, ...change } }, founded)).to.equal("MECHANISM_MISMATCH");
    }
  });
});

describe("a prekey's statement", () => {
  const hospital = hospitalAt(0);
  const key = new Uint8Array(prekeyBytes).map((_, index) => index);
  const prekey = `0x${Buffer.from(key).toString("hex")}`;
  const unsigned: UnsignedPrekey = { version: 1, kind: "prekey", ...context, hospital, prekey };

  it("is its hospital's, for one round of one contract", async () => {
    const bytes = await signPrekey(unsigned, fakeSignatures(hospital));
    const statement = decodePrekeyStatement(bytes);
    expect([...prekeyOf(statement)]).to.deep.equal([...key]);
    const isSigned = (changed: object) => isPrekeySigned({ ...statement, ...changed }, fakeSignatures(hospital));
    expect(isSigned({})).to.equal(true);
    for (const changed of [{ round: 4 }, { contract: hospital }, { chainId: 1 }, { hospital: hospitalAt(1) }]) {
      expect(isSigned(changed), Object.keys(changed)[0]).to.equal(false);
    }
    expect(isSigned({ prekey: `0x${"00".repeat(prekeyBytes)}` })).to.equal(false);
  });
});
