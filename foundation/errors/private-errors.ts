// Errors of private sums: of a hospital's own input, and those that the bytes of an object prove.
import { entriesOf } from "./kinds.ts";

const sender = "ask the hospital that made the object to update its software";
const dealer = "leave the hospital out of the round: it did not share its mask key as the protocol says";
const again = "fetch the object again: this one is of another round, contract, hospital or set of hospitals";

export const privateErrors = entriesOf("object", {
  ANSWER_MALFORMED: sender,
  ANSWER_MISMATCH: again,
  ANSWER_NOT_CANONICAL: sender,
  ANSWER_SIGNATURE: "ignore it: another key than the dealer's signed this answer",
  ANSWER_TOO_LARGE: sender,
  BOX_MALFORMED: dealer,
  COMPLAINT_MALFORMED: sender,
  COMPLAINT_NOT_CANONICAL: sender,
  COMPLAINT_TOO_LARGE: sender,
  DEAL_MALFORMED: dealer,
  DEAL_MISMATCH: dealer,
  DEAL_NOT_CANONICAL: dealer,
  DEAL_TOO_LARGE: dealer,
  INPUT_OUT_OF_RANGE: "report this to the developers: an integer to be masked is larger than the plan allows",
  KEY_FIELD_TOO_LARGE: "give the round up: an included hospital shared something that is no mask key",
  MASKED_MALFORMED: sender,
  OPENINGS_TOO_FEW: "wait for more hospitals: more than two thirds of the round's must open the sum",
  OPENING_MALFORMED: sender,
  OPENING_MISMATCH: again,
  OPENING_NOT_CANONICAL: sender,
  OPENING_SIGNATURE: "ignore it: another key than the holder's signed this opening",
  OPENING_TOO_LARGE: sender,
  OPENING_WRONG: "use the openings of others: the hospital signed a sum that is not the one of its shares",
  RING_TOO_SMALL: "plan for fewer hospitals, smaller integers (update.type) or less noise: their sum has no room",
  INPUT_SEALED: "train again: this update was in a sealed sum, and another sum with it would show it alone",
  MASK_SECRET_TAKEN: "report this to the developers: a second update was to be masked under one secret",
  OPENING_DECIDED: "wait for the next round: this hospital has decided to open another set of this round",
  ROUND_SPOILT: "start the next round: an included hospital masked something that is no update",
  SHARE_MALFORMED: dealer,
  SHARE_WRONG: dealer,
  SUM_KEY_MALFORMED: sender,
  SUM_KEY_MISMATCH: again,
  SUM_KEY_NOT_CANONICAL: sender,
  SUM_KEY_TOO_LARGE: sender,
  SUM_KEY_WRONG: "make the key again from checked openings: this one does not fit the deals' commitments",
});
