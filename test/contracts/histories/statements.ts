// What an attestation names: scores of a model, or the reason of a refusal; right, wrong, or served by nobody.
import type { Digest, HospitalAddress, RoundId } from "../../../protocol/format/digest.ts";
import { encodeRefusal } from "../../../protocol/format/refusal.ts";
import { encodeValidationScores } from "../../../protocol/format/validation-scores.ts";
import { garbage, withField, withInfinity } from "./objects.ts";
import type { ObjectState } from "./played.ts";
import type { ScoresKind } from "./script.ts";

export interface StatementMaker {
  readonly agree: boolean;
  readonly round: RoundId;
  readonly proposal: number;
  readonly model: Digest;
  readonly hospital: HospitalAddress;
  readonly proposer: HospitalAddress;
  readonly stranger: HospitalAddress;
}

export interface MadeStatement {
  readonly bytes: Uint8Array;
  readonly isServed: boolean;
  readonly state: ObjectState | "none";
}

export function makeStatement(kind: ScoresKind, maker: StatementMaker): MadeStatement {
  const { agree, round, proposal, hospital, stranger } = maker;
  const honest = agree ? scoresOf(maker) : refusalOf(maker);
  const seed = `${round} ${proposal} ${hospital}`;
  const bad = (bytes: Uint8Array): MadeStatement => ({ bytes, isServed: true, state: "bad" });
  switch (kind) {
    case "honest":
      return { bytes: honest, isServed: true, state: "good" };
    case "none":
      return { bytes: honest, isServed: false, state: "none" };
    case "missing":
      return { bytes: garbage(`${seed} missing`), isServed: false, state: "missing" };
    case "garbage":
      return bad(garbage(seed));
    case "oversized":
      return bad(new Uint8Array(4 * 2 ** 20 + 1).fill(round));
    case "infinite":
      return bad(withInfinity(honest));
    case "other model":
      return bad(withField(honest, agree ? { model: `0x${"77".repeat(32)}` } : { proposal: proposal + 1 }));
    case "other hospital":
      return bad(withField(honest, agree ? { hospital: stranger } : { proposer: stranger }));
  }
}

function scoresOf({ round, hospital, model }: StatementMaker): Uint8Array {
  const predictions = Array.from({ length: 40 }, (_, patient) => {
    const label = (patient % 2) as 0 | 1;
    return { patient: `${patient}`, label, score: (label + patient / 100) / 1.5 };
  });
  return encodeValidationScores({ round, hospital, model, predictions });
}

function refusalOf({ round, proposal, proposer }: StatementMaker): Uint8Array {
  return encodeRefusal({ version: 1, kind: "refusal", round, proposal, proposer, code: "WRONG_MODEL" });
}
