// Replication of scores and refusals. Their digests are on chain, and only their author has them; plan, base, manifests,
// updates and the final model are fetched by every party for its own work. Every party therefore fetches the objects
// that attestations of the newest rounds name, so that an audit does not depend on each author to be online.
import { isFedError } from "../foundation/errors.ts";
import type { Lineage } from "../protocol/contract/lineage.ts";
import type { Attestation, RoundState } from "../protocol/contract/round.ts";
import { type Digest, type HospitalAddress, zeroDigest } from "../protocol/format/digest.ts";
import type { BlobExchange, Log } from "../protocol/ports.ts";
import type { Action } from "./loop.ts";

/** Larger than any scores and refusals. */
export const maxStatementBytes = 4 << 20;

export interface ReplicateAction extends Action {
  readonly kind: "replicate";
  readonly object: Digest;
  readonly author: HospitalAddress;
}

/** One at a time, beside everything else that the party does. */
export function replicateActions({
  self,
  lineage,
  replicated,
}: {
  self: HospitalAddress;
  lineage: Lineage;
  replicated: ReadonlySet<Digest>;
}): ReplicateAction[] {
  const rounds = new Set<RoundState>();
  for (const round of [lineage.finals.at(-1), lineage.newest]) if (round) rounds.add(round);
  return [...rounds]
    .flatMap(statementsOf)
    .filter(({ member, scores }) => member !== self && !replicated.has(scores))
    .map(({ member, scores }) => ({
      name: `replicate ${scores}`,
      lane: "replicate",
      kind: "replicate",
      object: scores,
      author: member,
    }));
}

/** Attestations that name scores or a refusal. */
export function statementsOf({ proposals }: RoundState): readonly Attestation[] {
  return proposals.flatMap(({ attestations }) => attestations).filter(({ scores }) => scores !== zeroDigest);
}

/** The objects that this process has replicated, or that are too large to be scores or a refusal. */
export class Replication {
  readonly #done = new Set<Digest>();
  readonly #ports: { readonly exchange: BlobExchange; readonly log: Log };

  constructor(ports: { readonly exchange: BlobExchange; readonly log: Log }) {
    this.#ports = ports;
  }

  get replicated(): ReadonlySet<Digest> {
    return this.#done;
  }

  /** Where no connected member has the object, it is tried again later. @throws ABORTED, and what the store throws */
  async replicate({ object, author }: ReplicateAction, signal: AbortSignal): Promise<void> {
    const { exchange, log } = this.#ports;
    try {
      await exchange.fetch(object, { maxBytes: maxStatementBytes, preferred: author, signal });
    } catch (error) {
      if (!isFedError(error, "BLOB_UNAVAILABLE", "BLOB_TOO_LARGE")) throw error;
      log.debug("not-replicated", { code: error.code, object, author });
      if (error.code === "BLOB_UNAVAILABLE") return;
    }
    this.#done.add(object);
  }
}
