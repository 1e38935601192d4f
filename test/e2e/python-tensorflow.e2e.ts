// The same weights in Python TensorFlow: outputs, loss, every gradient, and every weight after a whole training step.
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { compare } from "../../bench/model/compare.ts";
import { compactSide, iv3Side, type Side, standardSide } from "../../bench/model/side.ts";

const base = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
const environment = join(process.env["CONSILIUM_CACHE"] ?? join(base, "consilium"), "bench-tensorflow-2.18.1");

const compact: Side = { ...compactSide, scans: 3, slices: 5 };
const iv3: Side = { ...iv3Side, slices: 2, channels: 3 };

describe("the network beside Python TensorFlow", function () {
  this.timeout(300_000);

  for (const side of [
    compact,
    { ...compact, variant: "paper", channels: 2 } as const,
    { ...compact, normalisation: "batch-local" } as const,
    { ...compact, channels: 2, reconstruction: true },
    standardSide,
    { ...standardSide, variant: "paper", normalisation: "batch-local", channels: 2 } as const,
    { ...standardSide, reconstruction: true },
    iv3,
    { ...iv3, variant: "sabour", reconstruction: true } as const,
  ]) {
    const { preset, variant, normalisation, reconstruction } = side;
    it(`agrees in outputs, loss, gradients and one step: ${preset}, ${variant}, ${normalisation}${reconstruction ? ", reconstruction" : ""}`, async function () {
      if (!existsSync(join(environment, ".complete"))) {
        console.error("skipped: npm run bench -- train makes the environment with Python TensorFlow");
        return this.skip();
      }
      const found = await compare(side, environment, { kind: "infer", turns: 0, runsATurn: 0 });
      for (const what of ["lengths", "loss", "gradients", "weightsAfterStep"] as const) {
        expect(found[what], what).to.be.below(1e-4);
      }
    });
  }
});
