// What a party knows of a round with private sums besides its updates, while its process lives: prekeys, complaints, answers,
// openings and the key, which members announce by gossip. A member announces its own again while they matter, so a process
// that starts late learns them too.
import { FedError, isFedError } from "../foundation/errors.ts";
import type { Waiting } from "../foundation/waiting.ts";
import type { RoundState } from "../protocol/contract/round.ts";
import type { Announcement } from "../protocol/format/announcement.ts";
import type { Digest, HospitalAddress, RoundId } from "../protocol/format/digest.ts";
import { type MaskedUpdate, privateContextOf } from "../protocol/judge/collect-private.ts";
import { type CollectPorts, once } from "../protocol/judge/collecting.ts";
import type { DealerFacts } from "../protocol/judge/dealers.ts";
import { isBucketed, mostSums, openedSums } from "../protocol/judge/opened-sums.ts";
import { sealedUpdates } from "../protocol/judge/private-model.ts";
import type { RoundContext } from "../protocol/judge/round-context.ts";
import { type Checking, dealerFacts } from "../protocol/judge/sealing.ts";
import {
  type Complaint,
  checkAnswer,
  decodeAnswer,
  decodeComplaint,
  isComplaintSigned,
  maxAnswerBytes,
  maxComplaintBytes,
} from "../protocol/private/complaint.ts";
import type { PrivateContext } from "../protocol/private/context.ts";
import { decodeSumOpening, maxOpeningBytes, signedShares } from "../protocol/private/opening.ts";
import {
  decodePrekeyStatement,
  isPrekeySigned,
  maxPrekeyStatementBytes,
  prekeyOf,
} from "../protocol/private/prekey-statement.ts";
import { maxDealers, type Ring } from "../protocol/private/ring.ts";
import type { Share } from "../protocol/private/share.ts";
import { decodeSumKey, maxSumKeyBytes } from "../protocol/private/sum-key.ts";
import { checkOpenedKey } from "./recover-key.ts";
import type { RoundWatch } from "./round-watch.ts";
import {
  type SumFault,
  type SumObject,
  type SumObjectKind,
  type SumObservations,
  sumObjectKinds,
} from "./sum-observations.ts";

/** Objects of one kind that are taken of a member in a round: a member that announces without end costs no memory. */
const mostOfMember = { prekey: 2, complaint: maxDealers, answer: maxDealers, opening: 2, key: 2 } as const;

export class SumWatch {
  readonly #ports: CollectPorts;
  readonly #watch: RoundWatch;
  #round: RoundState | undefined;
  #announced = new Map<RoundId, Map<string, SumObject>>();
  #checked = new Map<RoundId, Map<HospitalAddress, Digest>>();
  #read = new Set<string>();
  #prekeys = new Map<HospitalAddress, Uint8Array>();
  #complaints = new Map<HospitalAddress, Map<HospitalAddress, Complaint>>();
  #answers = new Map<HospitalAddress, Map<HospitalAddress, Share | "wrong">>();
  #factsAtSeal: readonly DealerFacts[] | undefined;
  #openings = new Map<HospitalAddress, readonly Share[]>();
  #key: Digest | undefined;

  constructor(ports: CollectPorts, watch: RoundWatch) {
    this.#ports = ports;
    this.#watch = watch;
  }

  /** Takes in the newest round. */
  follow(round: RoundState | undefined): void {
    const before = this.#round;
    this.#round = round;
    if (!round) return;
    const isSame = before?.id === round.id && before.base === round.base && before.plan === round.plan;
    if (!isSame) {
      this.#read = new Set();
      this.#prekeys = new Map();
      this.#complaints = new Map();
      this.#answers = new Map();
      for (const id of this.#announced.keys()) if (id < round.id) this.#announced.delete(id);
      for (const id of this.#checked.keys()) if (id < round.id) this.#checked.delete(id);
    }
    if (!isSame || !isSameSeal(before, round)) {
      this.#openings = new Map();
      this.#key = undefined;
      const isSealedNow = isSame && round.seal !== undefined && before.seal === undefined;
      this.#factsAtSeal = isSealedNow ? dealerFacts(round, this.#checking()) : undefined;
      for (const name of this.#read) if (/^(opening|key) /.test(name)) this.#read.delete(name);
    }
  }

  /** Forgets an opening that the commitments refute. */
  refute(member: HospitalAddress): void {
    this.#openings.delete(member);
  }

  #checking(): Checking {
    return { collected: this.#watch.collected, complaints: this.#complaints, answers: this.#answers };
  }

  observations(): SumObservations {
    const announced = this.#round ? [...(this.#announced.get(this.#round.id)?.values() ?? [])] : [];
    return {
      prekeys: this.#prekeys,
      unread: announced.filter((object) => !this.#read.has(nameOf(object)) && this.#isReadable(object)),
      complaints: this.#complaints,
      answers: this.#answers,
      checkedBy: (this.#round && this.#checked.get(this.#round.id)) ?? new Map(),
      factsAtSeal: this.#factsAtSeal,
      openings: this.#openings,
      key: this.#key,
    };
  }

  /** Takes in a gossip message. @returns whether it is new */
  receive({ kind, round, hospital: member, digest }: Announcement): boolean {
    if (this.#round && round < this.#round.id) return false;
    if (kind === "checked") {
      const checked = this.#checked.get(round) ?? new Map<HospitalAddress, Digest>();
      this.#checked.set(round, checked);
      const isNew = checked.get(member) !== digest;
      checked.set(member, digest);
      return isNew;
    }
    const wanted = sumObjectKinds.find((each) => each === kind);
    if (!wanted) return false;
    const object: SumObject = { kind: wanted, member, digest };
    const announced = this.#announced.get(round) ?? new Map<string, SumObject>();
    this.#announced.set(round, announced);
    const own = [...announced.values()].filter((each) => each.kind === kind && each.member === member);
    if (announced.has(nameOf(object)) || own.length >= mostOfMember[wanted]) return false;
    announced.set(nameOf(object), object);
    return true;
  }

  /**
   * Fetches an announced object and checks it.
   * @returns what it proves about a member, if anything
   * @throws BLOB_UNAVAILABLE, ABORTED
   */
  async read(
    object: SumObject,
    { round, ring }: { readonly round: RoundState; readonly ring: Ring },
    waiting: Waiting,
  ): Promise<SumFault | undefined> {
    const { blobs, exchange } = this.#ports;
    const { kind, member, digest } = object;
    const maxBytes = mostBytes(kind, mostSums(this.#ready()));
    try {
      await exchange.fetch(digest, { maxBytes, preferred: member, ...waiting });
      const bytes = await blobs.get(digest, { maxBytes });
      if (!this.#isCurrent(round)) return undefined;
      if (await this.#take(object, bytes, { round, ring })) this.#read.add(nameOf(object));
      return undefined;
    } catch (error) {
      if (!isFedError(error) || (error.kind !== "object" && error.code !== "BLOB_TOO_LARGE")) throw error;
      if (this.#isCurrent(round)) this.#read.add(nameOf(object));
      return { member, code: error.code };
    }
  }

  /** @returns false where what it is about has not been read yet */
  async #take(
    { kind, member, digest }: SumObject,
    bytes: Uint8Array,
    { round, ring }: { readonly round: RoundState; readonly ring: Ring },
  ): Promise<boolean> {
    const { signatures } = this.#ports;
    const context = privateContextOf(this.#ready(), round);
    if (kind === "prekey") {
      const statement = decodePrekeyStatement(bytes);
      checkSubject(statement, context, { hospital: member });
      if (!isPrekeySigned(statement, signatures)) throw new FedError("PREKEY_SIGNATURE", { hospital: member });
      if (round.members.includes(member)) this.#prekeys.set(member, prekeyOf(statement));
      return true;
    }
    if (kind === "complaint") {
      const complaint = decodeComplaint(bytes);
      checkSubject(complaint, context, { holder: member });
      if (!this.#watch.collected.has(complaint.dealer)) return false;
      const about = this.#masked(complaint.dealer);
      if (!isComplaintSigned(complaint, signatures) || about?.manifest.deal !== complaint.deal) {
        throw new FedError("COMPLAINT_MISMATCH", { holder: member, dealer: complaint.dealer });
      }
      if (round.members.includes(member)) within(this.#complaints, complaint.dealer).set(member, complaint);
      return true;
    }
    if (kind === "answer") {
      const answer = decodeAnswer(bytes);
      checkSubject(answer, context, { dealer: member });
      const complaint = this.#complaints.get(answer.dealer)?.get(answer.holder);
      const about = this.#masked(answer.dealer);
      if (!complaint || !about) return false;
      const holderNumber = round.members.indexOf(answer.holder) + 1;
      const answers = within(this.#answers, answer.dealer);
      try {
        const { commitments } = about;
        answers.set(answer.holder, checkAnswer(answer, complaint, { holderNumber, commitments, ring }, signatures));
      } catch (error) {
        if (isFedError(error, "SHARE_WRONG", "SHARE_MALFORMED")) answers.set(answer.holder, "wrong");
        throw error;
      }
      return true;
    }
    const ready = this.#ready();
    const opened = openedSums(round, ready, sealedUpdates(round, this.#watch.collected));
    if (!opened) throw new FedError("OPENING_MISMATCH", { holder: member });
    if (kind === "key") {
      const expected = { context, ring, isBucketed: isBucketed(ready) };
      await once(this.#ports.work?.keys, [digest, context, opened.included], async () =>
        checkOpenedKey(decodeSumKey(bytes, opened.sums.length), opened, expected),
      );
      if (this.#isCurrent(round) && isSameSeal(this.#round, round)) this.#key = digest;
      return true;
    }
    if (!round.members.includes(member)) throw new FedError("OPENING_MISMATCH", { holder: member });
    const { included, sums } = opened;
    const expected = { context, holder: member, included, ring, sums: sums.length };
    const shares = signedShares(decodeSumOpening(bytes, sums.length), expected, signatures);
    if (this.#isCurrent(round) && isSameSeal(this.#round, round)) this.#openings.set(member, shares);
    return true;
  }

  /** Whether all that an object is checked against is here. */
  #isReadable({ kind, member }: SumObject): boolean {
    const round = this.#round!;
    if (kind === "prekey") return round.status === "committing";
    if (kind === "complaint") return true;
    if (kind === "answer") return this.#complaints.has(member);
    if (!round.seal || this.#key !== undefined) return false;
    return round.seal.included.every((each) => this.#masked(each) !== undefined);
  }

  #masked(member: HospitalAddress): MaskedUpdate | undefined {
    const update = this.#watch.collected.get(member);
    return update?.status === "masked" ? update : undefined;
  }

  #ready(): RoundContext {
    const { context } = this.#watch;
    if (context.status !== "ready") throw new FedError("ABORTED", { what: "the round has changed" });
    return context;
  }

  #isCurrent({ id, base, plan }: RoundState): boolean {
    return this.#round?.id === id && this.#round.base === base && this.#round.plan === plan;
  }
}

/** @param sums of the round, at most */
function mostBytes(kind: SumObjectKind, sums: number): number {
  switch (kind) {
    case "prekey":
      return maxPrekeyStatementBytes;
    case "complaint":
      return maxComplaintBytes;
    case "answer":
      return maxAnswerBytes;
    case "opening":
      return maxOpeningBytes(sums);
    case "key":
      return maxSumKeyBytes(sums);
  }
}

function nameOf({ kind, member, digest }: SumObject): string {
  return `${kind} ${member} ${digest}`;
}

function within<Value>(
  map: Map<HospitalAddress, Map<HospitalAddress, Value>>,
  key: HospitalAddress,
): Map<HospitalAddress, Value> {
  const inner = map.get(key) ?? new Map<HospitalAddress, Value>();
  map.set(key, inner);
  return inner;
}

function isSameSeal(a: RoundState | undefined, b: RoundState): boolean {
  return a?.seal?.included.join() === b.seal?.included.join();
}

/** @throws ANNOUNCED_OTHERWISE where an object is of another contract, round or member than its announcement says */
function checkSubject(
  found: Readonly<Record<string, unknown>>,
  { chainId, contract, round }: PrivateContext,
  maker: Readonly<Record<string, HospitalAddress>>,
): void {
  for (const [field, expected] of Object.entries({ chainId, contract, round, ...maker })) {
    if (found[field] !== expected)
      throw new FedError("ANNOUNCED_OTHERWISE", { field, expected, found: `${found[field]}` });
  }
}
