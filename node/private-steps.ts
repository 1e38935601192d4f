// Performs a hospital's actions in rounds with private sums: each reads what it needs from notes and secret files, so that it
// can be repeated after a kill at any instant.
import type { SumObjects } from "../party/sum-objects.ts";
import { canonicalBytes } from "../protocol/format/canonical.ts";
import type { HospitalAddress } from "../protocol/format/digest.ts";
import { privateContextOf, sumPlanOfRound } from "../protocol/judge/collect-private.ts";
import { mostDishonest } from "../protocol/judge/dealers.ts";
import type { RoundContext } from "../protocol/judge/round-context.ts";
import type { BlobStore, Ledger, Signatures } from "../protocol/ports.ts";
import { type Complaint, signAnswer, signComplaint } from "../protocol/private/complaint.ts";
import { makeOpening } from "../protocol/private/opening.ts";
import { signPrekey } from "../protocol/private/prekey-statement.ts";
import { scalarsText } from "../protocol/private/scalars-field.ts";
import { shareAt, sharingPolynomials } from "../protocol/private/sharing.ts";
import { openingThreshold } from "../protocol/private/threshold.ts";
import { noteAnswer } from "./answer-notes.ts";
import { eraseRounds } from "./erase-rounds.ts";
import type { Emit } from "./events.ts";
import type { Holder } from "./holder.ts";
import type { HolderAction } from "./holder-actions.ts";
import { prekeyFor } from "./holder-prekey.ts";
import { noteSealed, readMaskSecret, type SecretPorts } from "./mask-secret.ts";
import { decideOpening } from "./opening-note.ts";

export interface PrivateParts {
  readonly ports: SecretPorts & {
    readonly ledger: Ledger;
    readonly blobs: BlobStore;
    readonly signatures: Signatures;
  };
  readonly self: HospitalAddress;
  readonly holder: Holder;
  readonly objects: SumObjects;
  readonly emit: Emit;
}

/** @throws ABORTED, OPENING_DECIDED, and what chain, network and store throw */
export async function performHolderAction(
  { ports, self, holder, objects, emit }: PrivateParts,
  action: HolderAction,
  context: RoundContext | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { signatures, journal } = ports;
  const { round } = action;
  if (action.kind === "erase") return eraseRounds(ports, { self, ...action }, { signal });
  if (context === undefined) return;
  const named = privateContextOf(context, round);
  switch (action.kind) {
    case "publish-prekey": {
      const { publicKey } = await prekeyFor(ports, round.id);
      const prekey = `0x${Buffer.from(publicKey).toString("hex")}` as const;
      const statement = { version: 1, kind: "prekey", ...named, hospital: self, prekey } as const;
      return objects.publish("prekey", round.id, await signPrekey(statement, signatures));
    }
    case "open-box":
      return holder.openAhead(action.update, { self, round, context }, { signal });
    case "check":
      return holder.check(action.updates, { self, round, context }, { signal });
    case "complain": {
      const { update, reason } = action;
      const about = { holder: self, dealer: update.member, deal: update.manifest.deal };
      const complaint = { version: 1, kind: "complaint", ...named, ...about, reason } as const;
      await objects.publish("complaint", round.id, await signComplaint(complaint, signatures));
      return emit({ event: "complained", round: round.id, member: update.member, reason });
    }
    case "answer":
      return answer({ ports, self, objects }, action.complaint, { round, context });
    case "say-checked":
      return objects.publish("checked", round.id, canonicalBytes(action.deals));
    case "note-sealed":
      return noteSealed(ports, round.id);
    case "open-sum": {
      const { opened, shares } = action;
      const { included } = opened;
      await decideOpening(journal, round.id, included);
      const opening = { context: named, holder: self, included, sums: shares };
      await objects.publish("opening", round.id, await makeOpening(opening, signatures));
      return emit({ event: "opened-sum", round: round.id, included: opened.sums.flat().length });
    }
  }
}

/** Shows the holder's share to everyone. A hospital answers no more holders of a round than there may be dishonest ones. */
async function answer(
  { ports, self, objects }: Pick<PrivateParts, "ports" | "self" | "objects">,
  { holder, deal }: Complaint,
  { round, context }: { readonly round: HolderAction["round"]; readonly context: RoundContext },
): Promise<void> {
  const { signatures, journal } = ports;
  const known = await readMaskSecret(ports, round.id);
  const place = round.members.indexOf(holder);
  if (!known || place < 0) return;
  const { ring } = await sumPlanOfRound(ports, { round, context });
  const named = privateContextOf(context, round);
  const most = mostDishonest(round.members.length);
  if (!(await noteAnswer(journal, round.id, { holder, most }))) return;
  const secrets = { ring, secret: known.secret, context: named };
  const share = shareAt(sharingPolynomials(secrets, openingThreshold(round.members.length)), place + 1);
  const statement = { version: 1, kind: "answer", ...named, holder, dealer: self, deal } as const;
  const signed = await signAnswer({ ...statement, scalars: scalarsText(share) }, signatures);
  await objects.publish("answer", round.id, signed);
}
