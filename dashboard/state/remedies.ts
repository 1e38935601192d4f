// What the reader of a warning can do about it, in one line: by its error code where it has one, else by its name.
import { errorTable, isErrorCode } from "../../foundation/errors/table.ts";

/** By the names of the log's lines (docs/troubleshooting.md says more about each). */
const remedies: Readonly<Record<string, string>> = {
  "action-broken": "report it: this is a fault of the program",
  "action-failed": "wait: it is tried again; look up the code if it is repeated",
  "addresses-not-saved": "free disk space, or check the permissions of the store's folder",
  "addresses-unreadable": "nothing to do: the file is written again",
  "announcement-rejected": "tell the operator of the peer that sent it",
  "blob-peer-banned": "tell the member's operator: another member is asked for the object",
  "budget-spent": "found a federation with a budget that the hospitals agree to: this one opens no round any more",
  "chain-reorganised": "raise chain.confirmations if it is repeated",
  "chain-rolled-back": "ask the endpoint's operator: the chain was restored from a copy",
  "contract-code-unknown": "read the contract's source, or use the program that it was founded with",
  "disk-nearly-full": "free disk space, or set maxStoreGiB",
  "endpoint-behind": "use another RPC endpoint: this one does not follow the chain",
  "endpoint-differs": "use another RPC endpoint: this one shows something else than the others",
  "endpoint-failed": "add another RPC endpoint if it is repeated",
  "endpoint-silent": "use another RPC endpoint: this one does not answer",
  "endpoints-apart": "ask a third RPC endpoint which one is wrong, and remove that",
  "endpoints-disagree": "ask a third RPC endpoint which one is wrong, and remove that",
  "learner-ended": "give the machine more memory if it is repeated: training continues from its checkpoint",
  "learner-error": "give the machine more memory if it is repeated: training continues from its checkpoint",
  "learner-hung": "give the machine more memory if it is repeated: training continues from its checkpoint",
  "members-late": "call the hospitals that are late (consilium status)",
  "membership-unread": "nothing to do: it is read again",
  "no-funds": "send coins to the account (docs/chains.md says how many)",
  "not-admitted": "ask the consortium to admit the address: consilium members admit",
  "otlp-not-delivered": "check that the collector runs and openTelemetry.endpoint names it",
  "peer-key-unbound": "send the file to a member with gas: consilium members bind-peer",
  "peer-key-used-twice": "stop the other process that uses this peer key",
  "peer-not-reached": "nothing to do if it starts just now; else check its address and the firewall: consilium doctor",
  "plan-refused": "compare the configuration's plan with the one that the consortium agreed on",
  "proposal-refused": "nothing to do: this hospital voted no; consilium audit shows who proposed it",
  "scoring-failed": "check the shard: the vote was sent without scores",
  "signed-write-rejected": "tell the operator of the peer that sent it",
  "store-nearly-full": "raise maxStoreGiB",
  "transaction-replaced": "check whether the chain key is used elsewhere",
  "update-invalid": "tell the hospital's operator: its software or disk may be faulty",
};

export function remedyFor(event: string, code?: string): string {
  if (code !== undefined && isErrorCode(code)) return errorTable[code].remedy;
  return remedies[event] ?? "see docs/troubleshooting.md";
}
