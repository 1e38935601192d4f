// The expected results, computed independently of the parties from every object that ever reached a disk.

import { FedError, isFedError } from "../../foundation/errors.ts";
import { basesOf, lineageOf } from "../../protocol/contract/lineage.ts";
import type { Commitment, RoundState } from "../../protocol/contract/round.ts";
import type { Digest, HospitalAddress } from "../../protocol/format/digest.ts";
import type { Plan } from "../../protocol/format/plan.ts";
import { collectUpdate, type ValidUpdate } from "../../protocol/judge/collect.ts";
import type { MaskedUpdate } from "../../protocol/judge/collect-private.ts";
import { mostSums, openedSums } from "../../protocol/judge/opened-sums.ts";
import { recomputeSum } from "../../protocol/judge/private-model.ts";
import { recomputeModel } from "../../protocol/judge/recompute.ts";
import { type RoundContext, trainingSeed } from "../../protocol/judge/round-context.ts";
import { decodeSumKey } from "../../protocol/private/sum-key.ts";
import { type MadeUpdate, makeUpdate } from "../../protocol/update/make-update.ts";
import { fakeFederation } from "../fakes/chain.ts";
import { FakeLearner } from "../fakes/learner.ts";
import { FakeStore } from "../fakes/network.ts";
import { kindOf } from "../fakes/object-kind.ts";
import { fakeSignatures } from "../fakes/party-ports.ts";
import { fewHospitals } from "./terms.ts";

const limits = { maxModelBytes: 1 << 20 };

export class Oracle {
  /** Every object that any party has stored. */
  readonly objects = new FakeStore();
  readonly #plan: Plan;
  readonly #judged = new Map<Digest, ValidUpdate | undefined>();
  readonly #models = new Map<string, Digest | undefined>();

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  /** Undefined if the update is invalid or was never stored. */
  async validUpdate(commitment: Commitment, round: RoundState, rounds: readonly RoundState[]) {
    const { manifest } = commitment;
    if (this.#judged.has(manifest)) return this.#judged.get(manifest);
    const bases = basesOf(round, lineageOf(rounds)).slice(0, 1 + this.#plan.strategy.maxStaleness);
    const context: RoundContext = { federation: fakeFederation, plan: this.#plan, bases, baseHeaders: new Map() };
    const fetch = async (digest: Digest) => {
      if (!(await this.objects.has(digest))) throw new FedError("BLOB_UNAVAILABLE", { digest });
    };
    const ports = { blobs: this.objects, exchange: { fetch }, signatures: fakeSignatures(commitment.member) };
    try {
      const found = await collectUpdate(ports, { commitment, round, context }, limits);
      const valid = found.status === "valid" ? found : undefined;
      this.#judged.set(manifest, valid);
      return valid;
    } catch (error) {
      if (isFedError(error, "BLOB_UNAVAILABLE")) return undefined;
      throw error;
    }
  }

  /** Undefined if it is invalid, was never stored, or is of a round without private sums. */
  async maskedUpdate(commitment: Commitment, round: RoundState): Promise<MaskedUpdate | undefined> {
    const context = this.#contextOf(round);
    const fetch = async (digest: Digest) => {
      if (!(await this.objects.has(digest))) throw new FedError("BLOB_UNAVAILABLE", { digest });
    };
    const ports = { blobs: this.objects, exchange: { fetch }, signatures: fakeSignatures(commitment.member) };
    try {
      const found = await collectUpdate(ports, { commitment, round, context }, limits);
      return found.status === "masked" ? found : undefined;
    } catch (error) {
      if (isFedError(error, "BLOB_UNAVAILABLE", "BLOB_UNKNOWN")) return undefined;
      throw error;
    }
  }

  #contextOf({ base }: RoundState): RoundContext {
    const own = { plan: this.#plan, bases: [base], baseHeaders: new Map(), bucketRules: fewHospitals };
    return { federation: fakeFederation, ...own };
  }

  /** The model of the sealed sum; undefined as long as nobody has made its key. */
  async #summedModel(round: RoundState, included: readonly HospitalAddress[]): Promise<Digest | undefined> {
    const sealed = round.seal?.included ?? [];
    // A proposal names the sealed set, in whatever order its maker listed it.
    if (sealed.length !== included.length || !sealed.every((member) => included.includes(member))) return undefined;
    const updates: MaskedUpdate[] = [];
    for (const member of sealed) {
      const commitment = round.commitments.find((each) => each.member === member);
      const update = commitment && (await this.maskedUpdate(commitment, round));
      if (!update) return undefined;
      updates.push(update);
    }
    const context = this.#contextOf(round);
    const opened = openedSums(round, context, updates);
    if (!opened) return undefined;
    for (const [key, bytes] of this.objects.blobs) {
      if (kindOf(bytes) !== "key" || decodeSumKey(bytes, mostSums(context)).included !== opened.included) continue;
      return (await recomputeSum({ blobs: this.objects }, { round, context, updates, key })).model;
    }
    return undefined;
  }

  /** The average of these updates on the round's base; undefined if one of them is invalid. */
  async model(
    round: RoundState,
    rounds: readonly RoundState[],
    included: readonly HospitalAddress[],
  ): Promise<Digest | undefined> {
    if (this.#plan.privacy) return this.#summedModel(round, included);
    const commitments = included.map((member) => round.commitments.find((each) => each.member === member));
    const key = [round.base, ...commitments.map((each) => each?.manifest)].join();
    if (!this.#models.has(key)) {
      const updates: ValidUpdate[] = [];
      for (const commitment of commitments) {
        const valid = commitment && (await this.validUpdate(commitment, round, rounds));
        if (valid) updates.push(valid);
      }
      const whole = updates.length === included.length;
      const made = whole
        ? await recomputeModel({ blobs: this.objects }, { round, plan: this.#plan, included, updates })
        : undefined;
      this.#models.set(key, made?.model);
    }
    return this.#models.get(key);
  }

  /** The update that an honest hospital makes from a base, and its rounding remainder. */
  async update(input: {
    readonly hospital: HospitalAddress;
    readonly trainedIn: number;
    readonly base: Digest;
    readonly residual: Uint8Array | undefined;
  }): Promise<MadeUpdate> {
    const { hospital, trainedIn, residual } = input;
    const plan = this.#plan;
    const base = await this.objects.get(input.base, { maxBytes: limits.maxModelBytes });
    const learner = new FakeLearner({ clock: { now: () => 0, sleep: async () => {} } });
    const round = trainedIn as RoundState["id"];
    const { weights } = await learner.train({ plan, round, base, seed: trainingSeed(plan, trainedIn, hospital) });
    return makeUpdate({ base, local: weights, residual, plan, round, hospital });
  }
}
