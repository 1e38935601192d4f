import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { assembleKernels } from "../../scripts/checks/assemble-kernels.ts";

describe("the WebAssembly kernels", () => {
  it("are what their text assembles to", async () => {
    const kernels = await assembleKernels();
    expect(kernels).to.have.length.above(5);
    for (const { source, target, text } of kernels)
      expect(readFileSync(join(import.meta.dirname, "../..", target), "utf8"), source).to.equal(text);
  });
});
