import { x25519 as reference } from "@noble/curves/ed25519.js";
import { expect } from "chai";
import { KeyStream } from "../../../protocol/private/key-stream.ts";
import { x25519 } from "../../../protocol/private/x25519.ts";

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"));

describe("X25519", () => {
  it("gives the first vector of RFC 7748, section 5.2", () => {
    const secret = bytes("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4");
    const point = bytes("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c");
    const product = "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552";
    expect(Buffer.from(x25519(secret, point)).toString("hex")).to.equal(product);
  });

  it("is as in a library that computes in JavaScript: random points, points of low order, numbers that are not reduced", () => {
    const coins = KeyStream.ofText("x25519");
    const low = [
      "00".repeat(32),
      `01${"00".repeat(31)}`,
      "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
      "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
      `ec${"ff".repeat(30)}7f`,
      `ed${"ff".repeat(30)}7f`,
      `ee${"ff".repeat(30)}7f`,
    ].map(bytes);
    const others = [`09${"00".repeat(31)}`, `09${"00".repeat(30)}80`, `f0${"ff".repeat(30)}7f`, "ff".repeat(32)].map(
      bytes,
    );
    const random = Array.from({ length: 16 }, () => coins.bytes(32));
    const outcome = (work: () => Uint8Array) => {
      try {
        return Buffer.from(work()).toString("hex");
      } catch {
        return "refused";
      }
    };
    for (const point of [...low, ...others, ...random]) {
      const secret = coins.bytes(32);
      const found = outcome(() => x25519(secret, point));
      expect(found).to.equal(outcome(() => reference.getSharedSecret(Uint8Array.from(secret), Uint8Array.from(point))));
      expect(found === "refused").to.equal(low.some((each) => each === point));
    }
  });
});
