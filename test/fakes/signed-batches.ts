// Batches of signed writes as a ledger sends them and the contract takes them: entries with a bad signature are passed over.
import { attestationTypedData } from "../../protocol/contract/attestation.ts";
import { commitmentTypedData } from "../../protocol/contract/commitment.ts";
import type { RoundState } from "../../protocol/contract/round.ts";
import type { HospitalAddress, RoundId } from "../../protocol/format/digest.ts";
import type { FederationId } from "../../protocol/format/federation-id.ts";
import type { Ledger, SignedCommitment } from "../../protocol/ports.ts";
import type { AnyCall, FakeContract } from "./contract.ts";
import { fakeSignatures } from "./party-ports.ts";

type BatchCall = Extract<AnyCall, { readonly name: "commitUpdates" | "attestFor" }>;

const { recover } = fakeSignatures(`0x${"00".repeat(20)}` as HospitalAddress);

export function commitmentBatch(
  federation: FederationId,
  round: RoundId,
  signed: readonly SignedCommitment[],
): BatchCall {
  const holding = signed.flatMap(({ manifest, sampleCount, signature }) => {
    const member = recover(commitmentTypedData(federation, { round, manifest, sampleCount }), signature);
    return member ? [{ member, manifest, sampleCount }] : [];
  });
  return { name: "commitUpdates", args: { round, signed: holding } };
}

export function voteBatch(
  federation: FederationId,
  { round, proposal, signed }: Parameters<Ledger["attestFor"]>[0],
  state: Pick<RoundState, "proposals" | "members"> | undefined,
): BatchCall {
  const model = state?.proposals[proposal - 1]?.model;
  const holding = signed.flatMap(({ agree, scores, signature }) => {
    if (model === undefined) return [];
    const member = recover(attestationTypedData(federation, { round, proposal, model, agree, scores }), signature);
    return member ? [{ member, agree, scores }] : [];
  });
  const place = ({ member }: { member: HospitalAddress }) => state?.members.indexOf(member) ?? -1;
  return { name: "attestFor", args: { round, proposal, signed: holding.sort((a, b) => place(a) - place(b)) } };
}

/** How many entries the contract would record. @throws the contract's reason */
export function recordedBy(contract: FakeContract, by: HospitalAddress, call: BatchCall, time: number): number {
  const copy = contract.clone();
  const count = () => {
    const { commitments = [], proposals = [] } = copy.rounds[call.args.round - 1] ?? {};
    return commitments.length + proposals.reduce((sum, { attestations }) => sum + attestations.length, 0);
  };
  const before = count();
  copy.apply(by, call, time);
  return count() - before;
}
