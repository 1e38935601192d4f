// The lies of hospitals in rounds with private sums; the simulator draws one for each liar. None spoils a sum: a hospital that
// masks what is no update costs the round, since nobody can tell which one it was.
import { FedError } from "../../foundation/errors.ts";
import { canonicalBytes } from "../../protocol/format/canonical.ts";
import type { BlobStore } from "../../protocol/ports.ts";
import { boxBytes, sealBox } from "../../protocol/private/box.ts";
import { decodeDeal } from "../../protocol/private/deal.ts";
import { decodeSumOpening, openingTypedData } from "../../protocol/private/opening.ts";
import { decodePrekeyStatement, maxPrekeyStatementBytes, prekeyOf } from "../../protocol/private/prekey-statement.ts";
import { rings } from "../../protocol/private/ring.ts";
import { kindOf } from "../fakes/object-kind.ts";
import { secretOf } from "../fakes/party-ports.ts";
import { abstaining, contradicting, forging } from "./liars.ts";
import type { Tamper } from "./site.ts";

/** Seals a wrong share in the box of one other holder, and answers a complaint about it with the right one. */
export const dealingWrongly: Tamper = ({ blobs, ledger, exchange }) => {
  const prekeys = new Map<string, Uint8Array>();
  const changedDeal = async (bytes: Uint8Array) => {
    const deal = decodeDeal(bytes);
    const { hospital: dealer, round, ring } = deal;
    const { members } = await ledger.round(round);
    const place = members.findIndex((member) => member !== dealer);
    const holder = members[place]!;
    const prekey = prekeys.get(`${holder} ${round}`);
    if (!prekey) return bytes;
    const share = Array.from({ length: rings[ring].scalars + 1 }, (_, scalar) => BigInt(scalar + 1));
    const context = { chainId: deal.chainId, contract: deal.contract, round };
    const box = await sealBox(share, { context, dealer, holder, secret: secretOf("wrong"), prekey });
    if (!box) return bytes;
    return canonicalBytes({ ...deal, boxes: deal.boxes.with(place, await blobs.put(box)) });
  };
  return {
    blobs: altered(blobs, "deal", changedDeal),
    exchange: {
      fetch: async (digest, options) => {
        await exchange.fetch(digest, options);
        if (options.maxBytes !== maxPrekeyStatementBytes) return;
        const statement = decodePrekeyStatement(await blobs.get(digest, options));
        prekeys.set(`${statement.hospital} ${statement.round}`, prekeyOf(statement));
      },
    },
  };
};

/** Signs an opening that is not the sum of its shares. */
const openingWrongly: Tamper = ({ blobs, signatures }) => ({
  blobs: altered(blobs, "opening", async (bytes) => {
    const { signature: _, ...opening } = decodeSumOpening(bytes);
    const statement = { ...opening, scalars: `0x01${opening.scalars.slice(4)}` as const };
    return canonicalBytes({ ...statement, signature: await signatures.sign(openingTypedData(statement)) });
  }),
});

/** Complains about every dealer. */
const complaining: Tamper = ({ exchange, blobs }) => ({
  exchange: {
    fetch: async (digest, options) => {
      await exchange.fetch(digest, options);
      const { size } = await blobs.outline(digest);
      if (size === boxBytes(rings.L16)) throw new FedError("BLOB_TOO_LARGE", { digest });
    },
  },
});

/** Neither opens nor serves what it has dealt. */
export const keepingSilent: Tamper = ({ gossip }) => ({
  gossip: {
    ...gossip,
    publish: async (announcement) => {
      if (announcement.kind !== "opening" && announcement.kind !== "checked") await gossip.publish(announcement);
    },
  },
});

/** Never commits. */
export const absent: Tamper = ({ ledger }) => ({
  ledger: { ...ledger, commitUpdate: () => Promise.reject(new FedError("UNEXPECTED", { why: "is absent" })) },
});

/** Masks what is no update: changes residues, and none of them above the smallest prime. */
const garbling: Tamper = ({ blobs }) => ({
  blobs: withPut(blobs, async (bytes) => {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 256)).toString("latin1");
    if (!text.includes('"61441":')) return bytes;
    const changed = Buffer.from(bytes);
    const start = 8 + Number(changed.readBigUInt64LE(0));
    const [, { value: prime }] = rings.L16.primes as [unknown, { value: number }];
    for (let at = start; at < start + 256; at += 2)
      changed.writeUInt16LE((changed.readUInt16LE(at) + 20_000) % prime, at);
    return new Uint8Array(changed);
  }),
});

export const privateLies: readonly Tamper[] = [
  forging,
  contradicting,
  abstaining,
  dealingWrongly,
  openingWrongly,
  complaining,
  keepingSilent,
  () => ({}),
];
/** With buckets a hospital that masks what is no update costs its bucket alone. */
export const bucketLies: readonly Tamper[] = [...privateLies, absent, garbling, garbling];

function altered(blobs: BlobStore, kind: string, change: (bytes: Uint8Array) => Promise<Uint8Array>): BlobStore {
  return withPut(blobs, async (bytes) => (kindOf(bytes) === kind ? change(bytes) : bytes));
}

function withPut(blobs: BlobStore, change: (bytes: Uint8Array) => Promise<Uint8Array>): BlobStore {
  return {
    put: async (bytes) => blobs.put(await change(bytes)),
    has: (digest) => blobs.has(digest),
    outline: (digest) => blobs.outline(digest),
    read: (digest, offset, length) => blobs.read(digest, offset, length),
    get: (digest, limits) => blobs.get(digest, limits),
    remove: (digest) => blobs.remove(digest),
    writer: (digest, outline) => blobs.writer(digest, outline),
  };
}
