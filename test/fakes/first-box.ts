// The HPKE library looks for its cryptography when it makes its first box. A simulated run must not depend on whether it is the
// first one of its process.
import { parseRoundId } from "../../protocol/format/digest.ts";
import { openBox, prekeyFrom, sealBox } from "../../protocol/private/box.ts";
import { rings } from "../../protocol/private/ring.ts";
import { fakeFederation } from "./chain.ts";
import { addressOf } from "./federation.ts";
import { secretOf } from "./party-ports.ts";

let made: Promise<void> | undefined;

/** Seals and opens a box, once in a process. */
export function makeFirstBox(): Promise<void> {
  made ??= sealAndOpen();
  return made;
}

async function sealAndOpen(): Promise<void> {
  const { secretKey, publicKey: prekey } = await prekeyFrom(secretOf("first prekey"));
  const context = { ...fakeFederation, round: parseRoundId(1) };
  const names = { context, dealer: addressOf(0), holder: addressOf(1) };
  const ring = rings.L16;
  const share = new Array<bigint>(ring.scalars + 1).fill(0n);
  const box = await sealBox(share, { ...names, secret: secretOf("first box"), prekey });
  await openBox(box!, { ...names, secretKey, ring });
}
