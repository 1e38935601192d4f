// Random damage to files, as fast-check draws it and shrinks it.
import fc from "fast-check";

/** What may happen to a file on its way: bits turned, an end lost, lengths rewritten, bytes put in or taken out. */
export type Mutation =
  | { readonly kind: "flip"; readonly at: number; readonly bit: number }
  | { readonly kind: "cut"; readonly at: number }
  | { readonly kind: "length"; readonly at: number; readonly value: number }
  | { readonly kind: "insert"; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: "remove"; readonly at: number; readonly count: number };

// Where it happens, as a share of the file: headers are short and the likelier place.
// Drawn as whole numbers: doubles of fast-check are nearly all next to nothing.
const place = fc.oneof(
  fc.nat(9999).map((part) => (0.15 * part) / 10_000),
  fc.nat(9999).map((part) => part / 10_000),
);
const element = fc
  .tuple(
    fc.constantFrom(0x08, 0x10, 0x28, 0x7fe0, 0xfffe),
    fc.nat(0xffff),
    fc.constantFrom("SQ", "UN", "OB", "LO", "US"),
  )
  .map(([group, number, vr]) =>
    Uint8Array.from([group & 255, group >> 8, number & 255, number >> 8, ...Buffer.from(vr), 4, 0]),
  );
/** One to four of them. */
export const damages = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("flip" as const), at: place, bit: fc.nat(7) }),
    fc.record({ kind: fc.constant("cut" as const), at: place }),
    fc.record({
      kind: fc.constant("length" as const),
      at: place,
      value: fc.constantFrom(0, 1, 0xffff, 0x7fffffff, 0xfffffffe, 0xffffffff),
    }),
    fc.record({
      kind: fc.constant("insert" as const),
      at: place,
      bytes: fc.oneof(fc.uint8Array({ maxLength: 40 }), element),
    }),
    fc.record({ kind: fc.constant("remove" as const), at: place, count: fc.nat(64) }),
  ) as fc.Arbitrary<Mutation>,
  { minLength: 1, maxLength: 4 },
);

/** A copy of the file with the damage done to it. */
export function damaged(file: Uint8Array, damage: readonly Mutation[]): Buffer {
  return damage.reduce(apply, Buffer.from(file));
}

function apply(bytes: Buffer, mutation: Mutation): Buffer {
  const at = Math.min(bytes.length - 1, Math.floor(mutation.at * bytes.length));
  if (bytes.length < 8) return bytes;
  switch (mutation.kind) {
    case "flip":
      bytes[at]! ^= 1 << mutation.bit;
      return bytes;
    case "cut":
      return bytes.subarray(0, at);
    case "length":
      bytes.writeUInt32LE(mutation.value, Math.min(at & ~1, bytes.length - 4));
      return bytes;
    case "insert":
      return Buffer.concat([bytes.subarray(0, at & ~1), mutation.bytes, bytes.subarray(at & ~1)]);
    case "remove":
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + mutation.count)]);
  }
}
