// Why a peer could not be reached, in a few words that a person can act on.

/** Reasons in the order in which they are looked for. */
const reasons: readonly (readonly [RegExp, string])[] = [
  [/does not match expected|UnexpectedPeerError/i, "another peer id answers at this address"],
  [/dial self|own peer id/i, "this is the node's own peer id"],
  [/DialDenied|Intercepted|blocked by gater/i, "the contract does not list this peer id as an active member's"],
  [/ENOTFOUND|EAI_AGAIN|NoValidAddresses/, "the name is unknown"],
  [/ECONNREFUSED/, "the connection is refused: nothing listens there"],
  [/EHOSTUNREACH|ENETUNREACH/, "there is no route to this address"],
  [/ETIMEDOUT|TimeoutError|AbortError/, "no answer in time: a firewall may drop the packets"],
  [/NO_RESERVATION|RESERVATION/i, "the relay has no reservation of this peer"],
];

export const closedByPeer = "the peer closes the connection: it may not know this node as a member";

/** @param error what a dial threw */
export function dialFailure(error: unknown): string {
  const text = describe(error);
  return reasons.find(([pattern]) => pattern.test(text))?.[1] ?? closedByPeer;
}

function describe(error: unknown, depth = 0): string {
  if (!(error instanceof Error) || depth > 3) return "";
  const { code } = error as { code?: unknown };
  const inner = error instanceof AggregateError ? error.errors : [];
  const parts = [error, ...inner].flatMap((each) => (each === error ? [] : [describe(each, depth + 1)]));
  return [error.name, String(code ?? ""), error.message, ...parts, describe(error.cause, depth + 1)].join(" ");
}
