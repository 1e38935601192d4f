// Lying aggregators, one lie each: the honest code with one port replaced.

import type { RoundState } from "../../protocol/contract/round.ts";
import type { Digest, HospitalAddress } from "../../protocol/format/digest.ts";
import { blobDigest } from "../../protocol/format/merkle.ts";
import { decodePlan } from "../../protocol/format/plan.ts";
import type { BlobStore, Gossip, Ledger } from "../../protocol/ports.ts";
import { aggregateToBytes } from "../../protocol/strategy/aggregate.ts";
import { memorySource } from "../../protocol/update/byte-source.ts";

interface LiarPorts {
  readonly ledger: Ledger;
  readonly blobs: BlobStore;
  readonly gossip: Gossip;
}
export type Lie = (ports: LiarPorts) => Partial<LiarPorts>;

type Proposal = Parameters<Ledger["proposeModel"]>[0];

/** Leaves out an update that it has, and averages the others correctly. */
export const droppingUpdate: Lie = (ports) =>
  proposing(ports, async ({ included, ...rest }) => {
    const fewer = included.slice(1);
    return { ...rest, included: fewer, model: await average(ports, rest.round, { included: fewer }) };
  });

/** Changes one weight by its smallest unit. */
export const alteringModel: Lie = (ports) =>
  proposing(ports, async (proposal) => {
    const bytes = await ports.blobs.get(proposal.model, { maxBytes: 1 << 24 });
    bytes[bytes.length - 4] = bytes[bytes.length - 4]! ^ 1;
    return { ...proposal, model: await ports.blobs.put(bytes) };
  });

/** Averages onto the model before the round's base. */
export const usingOldBase: Lie = (ports) =>
  proposing(ports, async (proposal) => {
    if (proposal.round === 1) return proposal;
    const { base } = await ports.ledger.round((proposal.round - 1) as typeof proposal.round);
    return { ...proposal, model: await average(ports, proposal.round, { included: proposal.included, base }) };
  });

/** Proposes the correct model on chain and announces another one. */
export const equivocating: Lie = ({ gossip }) => ({
  gossip: {
    ...gossip,
    publish: async (announcement) => {
      if (announcement.kind === "proposal") {
        await gossip.publish({ ...announcement, digest: blobDigest(new TextEncoder().encode("another")) });
      }
      await gossip.publish(announcement);
    },
  },
});

/** Puts an entry that its hospital did not sign before each one of the batches that it sends for hospitals without gas. */
export const spoilingBatches: Lie = ({ ledger }) => ({
  ledger: {
    ...ledger,
    commitUpdates: (round, signed, waiting) => {
      const spoiled = signed.flatMap((each) => [{ ...each, sampleCount: each.sampleCount + 1 }, each]);
      return ledger.commitUpdates(round, spoiled, waiting);
    },
    attestFor: ({ signed, ...proposal }, waiting) => {
      const spoiled = signed.flatMap((each) => [{ ...each, agree: !each.agree }, each]);
      return ledger.attestFor({ ...proposal, signed: spoiled }, waiting);
    },
  },
});

/** Includes every committed update, valid or not. */
export const includingAll: Lie = (ports) =>
  proposing(ports, async (proposal) => {
    const { commitments } = await ports.ledger.round(proposal.round);
    return { ...proposal, included: commitments.map(({ member }) => member) };
  });

/** Changes the honest proposal, and announces the changed one. */
function proposing(
  { ledger, gossip }: LiarPorts,
  twist: (proposal: Proposal) => Promise<Proposal>,
): Partial<LiarPorts> {
  let digest: Digest | undefined;
  return {
    ledger: {
      ...ledger,
      proposeModel: async (proposal, waiting) => {
        const twisted = await twist(proposal);
        digest = twisted.model;
        await ledger.proposeModel(twisted, waiting);
      },
    },
    gossip: {
      ...gossip,
      publish: (said) => gossip.publish(said.kind === "proposal" && digest ? { ...said, digest } : said),
    },
  };
}

async function average(
  { ledger, blobs }: LiarPorts,
  id: Proposal["round"],
  { included, base }: { included: readonly HospitalAddress[]; base?: Digest },
): Promise<Digest> {
  const round: RoundState = await ledger.round(id);
  const limits = { maxBytes: 1 << 24 };
  const json = async (digest: Digest) => JSON.parse(new TextDecoder().decode(await blobs.get(digest, limits)));
  const updates = [];
  for (const [index, member] of round.members.entries()) {
    const commitment = round.commitments.find((each) => each.member === member);
    if (!commitment || !included.includes(member)) continue;
    const { update } = (await json(commitment.manifest)) as { update: Digest };
    const source = memorySource(await blobs.get(update, limits));
    updates.push({ index, sampleCount: commitment.sampleCount, age: 0, source });
  }
  const plan = decodePlan(await blobs.get(round.plan, limits));
  const onto = memorySource(await blobs.get(base ?? round.base, limits));
  const { model } = await aggregateToBytes({ plan, base: onto, updates, memberCount: round.members.length });
  return blobs.put(model);
}
