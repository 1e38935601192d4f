// Boxes, deals, complaints, answers and openings: what replays and lies come to.
import { expect } from "chai";
import { parseAddress, parseRoundId, zeroDigest } from "../../../protocol/format/digest.ts";
import { blobDigest } from "../../../protocol/format/merkle.ts";
import { boxBytes, openBox, prekeyFrom, sealBox } from "../../../protocol/private/box.ts";
import {
  checkAnswer,
  decodeAnswer,
  decodeComplaint,
  isComplaintSigned,
  signAnswer,
  signComplaint,
} from "../../../protocol/private/complaint.ts";
import type { PrivateContext } from "../../../protocol/private/context.ts";
import { checkDeal, decodeDeal, makeDeal } from "../../../protocol/private/deal.ts";
import { checkOpening, decodeSumOpening, makeOpening } from "../../../protocol/private/opening.ts";
import { rings } from "../../../protocol/private/ring.ts";
import { scalarsText } from "../../../protocol/private/scalars-field.ts";
import type { Share } from "../../../protocol/private/share.ts";
import { fakeSignatures, secretOf } from "../../fakes/party-ports.ts";
import { codeOf } from "../update/one-update.ts";
import { context, type DealtRound, dealtRound, hospitalAt, sealed, shareOf } from "./private-round.ts";

const ring = rings.L16;
const elsewhere: readonly PrivateContext[] = [
  { ...context, round: parseRoundId(4) },
  { ...context, chainId: 1 },
  { ...context, contract: parseAddress(`0x${"c1".repeat(20)}`) },
];
const wrongIn = (share: Share, place: number): Share => share.map((scalar, i) => (i === place ? scalar ^ 1n : scalar));

describe("objects of private sums", function () {
  this.timeout(60_000);
  let round: DealtRound;
  before(async () => {
    round = await dealtRound({ count: 4 });
  });

  describe("boxes", () => {
    it("open for their holder alone, to the share that the commitments fix", async () => {
      const share = await shareOf(round, 0, 2);
      expect(share).to.have.length(ring.scalars + 1);
      const box = round.hospitals[0]!.boxes[2]!;
      expect(box.length).to.equal(boxBytes(ring));
      const names = { context, dealer: hospitalAt(0), holder: hospitalAt(2), ring };
      const keyOf = (holder: number) => round.prekeys[holder]!.secretKey;
      expect(await openBox(box, { ...names, secretKey: keyOf(2) })).to.deep.equal(share);
      expect(await codeOf(() => openBox(box, { ...names, secretKey: keyOf(1) }))).to.equal("BOX_MALFORMED");
    });

    it("do not open in another round, chain or contract, from another dealer or for another holder", async () => {
      const box = round.hospitals[0]!.boxes[2]!;
      const names = {
        context,
        dealer: hospitalAt(0),
        holder: hospitalAt(2),
        ring,
        secretKey: round.prekeys[2]!.secretKey,
      };
      const replays = [
        ...elsewhere.map((other) => ({ ...names, context: other })),
        { ...names, dealer: hospitalAt(1) },
        { ...names, holder: hospitalAt(3) },
        { ...names, ring: rings.L24 },
      ];
      for (const replay of replays) expect(await codeOf(() => openBox(box, replay))).to.equal("BOX_MALFORMED");
      for (const changed of [0, 1100, 1130, box.length - 1]) {
        const bytes = Uint8Array.from(box);
        bytes[changed]! ^= 1;
        expect(await codeOf(() => openBox(bytes, names)), `byte ${changed}`).to.equal("BOX_MALFORMED");
      }
    });

    it("are the same bytes again for the same prekey, and take other coins for another one", async () => {
      const [one, two] = [await prekeyFrom(secretOf("one")), await prekeyFrom(secretOf("two"))];
      const names = { context, dealer: hospitalAt(0), holder: hospitalAt(1), secret: secretOf("box") };
      const share = await shareOf(round, 0, 0);
      const seal = (prekey: Uint8Array) => sealBox(share, { ...names, prekey });
      expect(await seal(one.publicKey)).to.deep.equal(await seal(one.publicKey));
      const [first, second] = [await seal(one.publicKey), await seal(two.publicKey)];
      expect(first!.filter((byte, i) => byte === second![i]).length).to.be.below(first!.length / 50);
      // X25519's part of what is encapsulated depends on the coins alone.
      expect(first!.subarray(1088, 1120)).to.not.deep.equal(second!.subarray(1088, 1120));
    });

    it("are left out for a prekey that nothing can be sealed to", async () => {
      const names = { context, dealer: hospitalAt(0), holder: hospitalAt(1), secret: secretOf("box") };
      const share = await shareOf(round, 0, 0);
      const short = new Uint8Array(1215);
      const beyond = new Uint8Array(1216).fill(0xff); // coefficients that are not below 3329
      for (const prekey of [short, beyond]) expect(await sealBox(share, { ...names, prekey })).to.equal(undefined);
    });
  });

  describe("deals", () => {
    it("are the same bytes again, list the boxes, and leave out a holder without a prekey", async () => {
      const secrets = { ring, secret: secretOf("deal"), context };
      const holders = [0, 1, 2, 3].map((index) => ({
        address: hospitalAt(index),
        prekey: index === 3 ? undefined : round.prekeys[index]!.publicKey,
      }));
      const made = await makeDeal(secrets, { hospital: hospitalAt(0), holders });
      expect(await makeDeal(secrets, { hospital: hospitalAt(0), holders })).to.deep.equal(made);
      const deal = decodeDeal(made.deal);
      expect(deal.boxes).to.deep.equal([...made.boxes.slice(0, 3).map((box) => blobDigest(box!)), zeroDigest]);
      expect(deal.commitments).to.have.length(3);
    });

    it("hold in their own round, chain and contract, of their own dealer and number of hospitals", async () => {
      const deal = decodeDeal(round.hospitals[0]!.deal);
      const expected = { context, hospital: hospitalAt(0), ring, holders: 4 };
      const replays = [
        ...elsewhere.map((other) => ({ ...expected, context: other })),
        { ...expected, hospital: hospitalAt(1) },
        { ...expected, ring: rings.L24 },
        { ...expected, holders: 5 },
      ];
      for (const replay of replays) expect(await codeOf(async () => checkDeal(deal, replay))).to.equal("DEAL_MISMATCH");
    });

    it("refuse commitments that are no points", async () => {
      const deal = decodeDeal(round.hospitals[0]!.deal);
      // Not below p, negative, not on the curve: RFC 9496, appendix A.3.
      for (const bad of [
        "ff".repeat(32),
        `01${"00".repeat(31)}`,
        "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
      ]) {
        const changed = { ...deal, commitments: [`0x${bad}`, ...deal.commitments.slice(1)] } as typeof deal;
        const check = async () => checkDeal(changed, { context, hospital: hospitalAt(0), ring, holders: 4 });
        expect(await codeOf(check)).to.equal("DEAL_MALFORMED");
      }
    });
  });

  describe("complaints and answers", () => {
    const subject = () => ({
      version: 1 as const,
      chainId: context.chainId,
      contract: context.contract,
      round: context.round,
      holder: hospitalAt(2),
      dealer: hospitalAt(0),
      deal: blobDigest(round.hospitals[0]!.deal),
    });
    const complain = async () => {
      const unsigned = { ...subject(), kind: "complaint", reason: "wrong" } as const;
      return decodeComplaint(await signComplaint(unsigned, fakeSignatures(hospitalAt(2))));
    };
    const answerWith = async (share: Share, signer = 0, change: object = {}) => {
      const unsigned = { ...subject(), kind: "answer", scalars: scalarsText(share), ...change } as const;
      return decodeAnswer(await signAnswer(unsigned, fakeSignatures(hospitalAt(signer))));
    };
    const judge = async (answer: Awaited<ReturnType<typeof answerWith>>) => {
      const dealt = { holderNumber: 3, commitments: round.hospitals[0]!.commitments, ring };
      return checkAnswer(answer, await complain(), dealt, fakeSignatures(hospitalAt(0)));
    };

    it("clear a dealer whose answer is the share that the commitments fix", async () => {
      const share = await shareOf(round, 0, 2);
      expect(await judge(await answerWith(share))).to.deep.equal(share);
    });

    it("convict a dealer by its own signature on a wrong share", async () => {
      const wrong = wrongIn(await shareOf(round, 0, 2), 7);
      expect(await codeOf(async () => judge(await answerWith(wrong)))).to.equal("SHARE_WRONG");
      const another = await shareOf(round, 0, 1);
      expect(await codeOf(async () => judge(await answerWith(another)))).to.equal("SHARE_WRONG");
    });

    it("convict nobody by another's signature, or by an answer of another round or deal", async () => {
      const wrong = wrongIn(await shareOf(round, 0, 2), 7);
      expect(await codeOf(async () => judge(await answerWith(wrong, 1)))).to.equal("ANSWER_SIGNATURE");
      for (const change of [
        { round: parseRoundId(4) },
        { chainId: 1 },
        { deal: zeroDigest },
        { holder: hospitalAt(1) },
      ]) {
        expect(await codeOf(async () => judge(await answerWith(wrong, 0, change)))).to.equal("ANSWER_MISMATCH");
      }
      const complaint = await complain();
      const signatures = fakeSignatures(hospitalAt(2));
      expect(isComplaintSigned(complaint, signatures)).to.equal(true);
      for (const change of [{ dealer: hospitalAt(1) }, { round: parseRoundId(4) }, { reason: "unserved" as const }]) {
        expect(isComplaintSigned({ ...complaint, ...change }, signatures)).to.equal(false);
      }
    });
  });

  describe("openings", () => {
    const holder = 1;
    const open = async (included: readonly number[], change?: (share: Share) => Share) => {
      const shares = await Promise.all(included.map((dealer) => shareOf(round, dealer, holder)));
      const given = change ? [change(shares[0]!), ...shares.slice(1)] : shares;
      const statement = {
        context,
        holder: hospitalAt(holder),
        included: sealed(round, included).included,
        sums: [given],
      };
      return decodeSumOpening(await makeOpening(statement, fakeSignatures(hospitalAt(holder))));
    };
    const expectation = (included: readonly number[]) => ({
      context,
      holder: hospitalAt(holder),
      holderNumber: holder + 1,
      ring,
      ...sealed(round, included),
    });
    const signatures = fakeSignatures(hospitalAt(holder));

    it("name a holder that signs a wrong sum", async () => {
      const all = [0, 1, 2, 3];
      checkOpening(await open(all), expectation(all), signatures);
      const wrong = await open(all, (share) => wrongIn(share, 5));
      expect(await codeOf(async () => checkOpening(wrong, expectation(all), signatures))).to.equal("OPENING_WRONG");
      const blinding = await open(all, (share) => wrongIn(share, ring.scalars));
      expect(await codeOf(async () => checkOpening(blinding, expectation(all), signatures))).to.equal("OPENING_WRONG");
    });

    it("of another set, round, chain or contract are not taken, and blame nobody", async () => {
      const opening = await open([0, 1, 2]);
      const all = expectation([0, 1, 2, 3]);
      expect(await codeOf(async () => checkOpening(opening, all, signatures))).to.equal("OPENING_MISMATCH");
      for (const other of elsewhere) {
        const moved = { ...expectation([0, 1, 2]), context: other };
        expect(await codeOf(async () => checkOpening(opening, moved, signatures))).to.equal("OPENING_MISMATCH");
      }
      const renamed = { ...opening, included: all.included };
      expect(await codeOf(async () => checkOpening(renamed, all, signatures))).to.equal("OPENING_SIGNATURE");
      const changed = { ...opening, scalars: `${opening.scalars.slice(0, -1)}0` as `0x${string}` };
      const check = async () => checkOpening(changed, expectation([0, 1, 2]), signatures);
      expect(await codeOf(check)).to.be.oneOf(["OPENING_SIGNATURE"]);
    });
  });
});
