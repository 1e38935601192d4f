// The safety rules of rounds with private sums: on the chain, on honest hospitals' disks, and on what they sign and announce.
import type { RoundState } from "../../protocol/contract/round.ts";
import type { Announcement } from "../../protocol/format/announcement.ts";
import type { Digest, HospitalAddress } from "../../protocol/format/digest.ts";
import { blobDigest } from "../../protocol/format/merkle.ts";
import type { Plan } from "../../protocol/format/plan.ts";
import type { MaskedUpdate } from "../../protocol/judge/collect-private.ts";
import { mostSums, openedSums } from "../../protocol/judge/opened-sums.ts";
import type { TypedData } from "../../protocol/ports.ts";
import { decodeSumOpening, signedShares } from "../../protocol/private/opening.ts";
import { noiseOf } from "../../protocol/private/patient-noise.ts";
import type { SecretCoins } from "../../protocol/private/patient-sum.ts";
import { chooseRing } from "../../protocol/private/ring.ts";
import { isShareOf, sumCommitments } from "../../protocol/private/sharing.ts";
import { fakeFederation } from "../fakes/chain.ts";
import { withRealEquality } from "../fakes/fast-commitments.ts";
import { type FakeLog, fakeSignatures } from "../fakes/party-ports.ts";
import type { Oracle } from "./oracle.ts";
import type { Site } from "./site.ts";
import { fewHospitals } from "./terms.ts";
import { type Rule, Violation } from "./violation.ts";

/** Opens every bucket with a sealed hospital in it: what must never happen. */
const allBuckets = { ...fewHospitals, leastIncluded: () => 1 };

interface PrivateWorld {
  readonly oracle: Oracle;
  readonly sites: readonly Site[];
  readonly plan: Plan;
  readonly deepReorganisations: boolean;
  readonly fail: (violation: Violation) => void;
}

export class PrivateSafety {
  readonly #world: PrivateWorld;
  /** Rounds of published prekeys, by hospital and key. */
  readonly #prekeys = new Map<string, unknown>();
  /** Rounds of sealed inputs, by hospital and input. */
  readonly #sealed = new Map<string, number>();
  /** Secrets of coins and digests of masked objects, by hospital and round. */
  readonly #coins = new Map<string, string>();
  readonly #masked = new Map<string, string>();

  constructor(world: PrivateWorld) {
    this.#world = world;
  }

  /** The line in which a party says that a sum is spoilt: with buckets liars spoil some. */
  spoiltSum({ log }: Site): FakeLog["lines"][number] | undefined {
    if (this.#world.plan.privacy?.buckets !== undefined) return undefined;
    return log.lines.find(({ event, facts }) => event === "action-failed" && facts["code"] === "ROUND_SPOILT");
  }

  /** An honest party signs a statement. */
  signed({ address }: Site, { types, message }: TypedData): void {
    if (!("Prekey" in types)) return;
    const key = `${address} ${message["prekey"]}`;
    const before = this.#prekeys.get(key);
    if (before !== undefined && before !== message["round"]) {
      this.#world.fail(new Violation("prekey-reused", { by: address, rounds: `${before}, ${message["round"]}` }));
    }
    this.#prekeys.set(key, message["round"]);
  }

  /** An honest hospital samples its patients for a round. */
  sampled({ address }: Site, { secret, context }: SecretCoins): void {
    const coins = Buffer.from(secret).toString("hex");
    this.#once("coins-redrawn", this.#coins, { by: address, round: context.round }, coins);
  }

  /** An honest hospital has masked its input for a round. */
  masked({ address }: Site, round: number, object: Uint8Array): void {
    this.#once("masked-twice", this.#masked, { by: address, round }, blobDigest(object));
  }

  /** After a deep reorganisation another round may have the number. */
  #once(
    rule: Rule,
    drawn: Map<string, string>,
    about: { readonly by: HospitalAddress; readonly round: number },
    found: string,
  ): void {
    const key = `${about.by} ${about.round}`;
    const before = drawn.get(key);
    if (before !== undefined && before !== found && !this.#world.deepReorganisations) {
      this.#world.fail(new Violation(rule, about));
    }
    drawn.set(key, found);
  }

  /** An honest hospital announces an opening: it must be the sum of right shares of the sealed set. @throws Violation */
  async announced(
    { address }: Site,
    { kind, digest, round: id }: Announcement,
    rounds: readonly RoundState[],
  ): Promise<void> {
    if (kind !== "opening") return;
    const { oracle, plan } = this.#world;
    const round = rounds[id - 1];
    const bytes = oracle.objects.blobs.get(digest);
    if (!round?.seal || !bytes) return;
    const dealers: MaskedUpdate[] = [];
    for (const member of round.seal.included) {
      const commitment = round.commitments.find((each) => each.member === member);
      const update = commitment && (await oracle.maskedUpdate(commitment, round));
      if (update) dealers.push(update);
    }
    if (dealers.length === 0) return;
    const context = { federation: fakeFederation, plan, bucketRules: fewHospitals };
    const opening = decodeSumOpening(bytes, mostSums(context));
    const right = openedSums(round, context, dealers);
    const small = openedSums(round, { ...context, bucketRules: allBuckets }, dealers);
    if (opening.included === small?.included && opening.included !== right?.included) {
      throw new Violation("opened-small", { by: address, round: id });
    }
    // A reorganisation may have brought another seal since.
    if (opening.included !== right?.included) return;
    const { largest, patient } = plan.privacy!;
    const hospitals = round.members.length;
    const noiseStdDev = patient ? noiseOf(patient, hospitals).stdDev : 0;
    const ring = chooseRing({ hospitals, largest, noiseStdDev });
    const { included, sums } = right;
    const named = { ...fakeFederation, round: round.id };
    const expected = { context: named, holder: address, included, ring, sums: sums.length };
    const holder = round.members.indexOf(address) + 1;
    const shares = signedShares(opening, expected, fakeSignatures(address));
    withRealEquality(() => {
      for (const [place, updates] of sums.entries()) {
        const summed = sumCommitments(updates.map(({ commitments }) => commitments));
        if (isShareOf(shares[place]!, holder, summed, ring)) continue;
        throw new Violation("opened-wrong", { by: address, round: id, sum: place });
      }
    });
  }

  /** Looks at every round that the chain shows. */
  read(rounds: readonly RoundState[]): void {
    const seals = rounds.filter(({ seal }) => seal).length;
    const { maxSeals } = this.#world.plan.privacy!;
    if (seals > maxSeals) this.#world.fail(new Violation("budget-exceeded", { seals, maxSeals }));
    for (const round of rounds) {
      const isOver = round.status === "final" || round.status === "abandoned";
      for (const site of this.#honest(round.commitments.map(({ member }) => member))) {
        if (!isOver && site.process && !site.secrets.files.has(`mask/${round.id}`)) {
          this.#world.fail(new Violation("secret-lost", { by: site.address, round: round.id }));
        }
      }
      for (const site of this.#honest(round.seal?.included ?? [])) this.#sealedOnce(site, round.id);
    }
  }

  #sealedOnce({ address, secrets }: Site, id: number): void {
    const input: Digest | undefined = secrets.inputs.get(id);
    if (input === undefined) return;
    const before = this.#sealed.get(`${address} ${input}`);
    if (before !== undefined && before !== id) {
      this.#world.fail(new Violation("sealed-twice", { by: address, rounds: `${before}, ${id}` }));
    }
    this.#sealed.set(`${address} ${input}`, id);
  }

  #honest(members: readonly HospitalAddress[]): readonly Site[] {
    return this.#world.sites.filter(({ address, liar }) => !liar && members.includes(address));
  }
}
