import { expect } from "chai";
import { decodeSafetensors, encodeSafetensors, layoutSafetensors } from "../../../protocol/format/safetensors.ts";

describe("a safetensors file", () => {
  const tensors = [
    { name: "a", dtype: "F32" as const, shape: [2, 2], data: Float32Array.of(1, -2, 3.5, 4) },
    { name: "b", dtype: "I8" as const, shape: [3], data: Int8Array.of(-1, 0, 1) },
    { name: "c", dtype: "F32" as const, shape: [2], data: Float32Array.of(5, 6) },
  ];
  const file = encodeSafetensors(tensors);

  for (const [what, bytes] of [
    ["bytes of their own", file],
    // What readFile and the pipe between processes give: a Buffer's slice is a view, unlike an array's.
    ["a Buffer", Buffer.from(file)],
    ["a Buffer at an odd place of a larger one", Buffer.concat([Buffer.alloc(3), file]).subarray(3)],
  ] as const) {
    it(`reads the same tensors from ${what}`, () => {
      expect(decodeSafetensors(bytes).tensors.sort((x, y) => (x.name < y.name ? -1 : 1))).to.deep.equal(tensors);
    });
  }

  it("gives tensors that do not change with the bytes that they were read from", () => {
    const bytes = Buffer.from(file);
    const first = decodeSafetensors(bytes).tensors.find(({ name }) => name === "a");
    bytes.fill(0);
    expect(Array.from(first?.data ?? [])).to.deep.equal([1, -2, 3.5, 4]);
  });

  it("holds wider elements first, then sorts by name, in whatever order the tensors are given", () => {
    for (const given of [tensors, tensors.toReversed(), [tensors[1]!, tensors[2]!, tensors[0]!]]) {
      const { entries } = layoutSafetensors(given);
      expect(entries.map(({ name, offset }) => [name, offset])).to.deep.equal([
        ["a", 1024],
        ["c", 1040],
        ["b", 1048],
      ]);
      expect(encodeSafetensors(given)).to.deep.equal(file);
    }
  });
});
