import { expect } from "chai";
import { z } from "zod";
import { announcementSchema } from "../../../protocol/format/announcement.ts";
import { manifestSchema } from "../../../protocol/format/manifest.ts";
import { planSchema } from "../../../protocol/format/plan.ts";
import { privateManifestSchema } from "../../../protocol/format/private-manifest.ts";
import { refusalSchema } from "../../../protocol/format/refusal.ts";
import { decodeSafetensors, parseSafetensorsHeader } from "../../../protocol/format/safetensors.ts";
import { validationScoresSchema } from "../../../protocol/format/validation-scores.ts";
import { modelOf, planOf } from "../strategy/small-federation.ts";
import { make } from "../update/one-update.ts";

const place = "names the federation, the round or the member: public on chain";
const object = "the name of an object: says nothing about what is in it";
const figures = "about a whole training set; published only if the plan asks for it";

/** Every field that leaves a hospital in a JSON object, and why it may. */
const mayLeave: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  manifest: {
    version: place,
    chainId: place,
    contract: place,
    round: place,
    trainedIn: place,
    hospital: place,
    plan: object,
    base: object,
    update: object,
    updateBytes: "the size of the update's file, which who fetches it sees",
    sampleCount: "the number of training scans, up to the plan's cap: the weight in the average; on chain too",
    shard: "a root over salted leaves: commits to the scans and says nothing about them",
    quarantine: "a salted digest: commits to what was left out and says nothing about it",
    finalLoss: figures,
    seconds: figures,
    software: "which program made the update",
    signature: "shows that the hospital made the statement",
  },
  "manifest of a private round": {
    version: place,
    chainId: place,
    contract: place,
    round: place,
    trainedIn: place,
    hospital: place,
    plan: object,
    base: object,
    masked: "the name of the masked update, which says nothing without the round's key, and with it only a sum",
    deal: "the name of commitments to the shares of a mask key, and of boxes that only their holders open",
    sampleCount: "the number of training scans, up to the plan's cap: the weight in the average; on chain too",
    shard: "a root over salted leaves: commits to the scans and says nothing about them",
    quarantine: "a salted digest: commits to what was left out and says nothing about it",
    software: "which program made the update",
    signature: "shows that the hospital made the statement",
  },
  refusal: {
    version: place,
    kind: place,
    round: place,
    proposal: place,
    proposer: place,
    code: "why the hospital disagrees; about public objects",
    member: place,
    expected: object,
    found: object,
  },
  announcement: {
    version: place,
    chainId: place,
    contract: place,
    kind: place,
    round: place,
    hospital: place,
    digest: object,
    bytes: "the size of an object, which who fetches it sees",
  },
  scores: {
    version: place,
    kind: place,
    round: place,
    hospital: place,
    model: object,
    smallestCell: "the least number of patients in a cell",
    "negatives.bins": "follows from the number of patients of the class",
    "negatives.cells.0": "a range of scores: at least smallestCell patients have one in it",
    "negatives.cells.1": "its end",
    "negatives.cells.2": "how many patients, smallestCell or more",
    negatives: '"too few"',
    "positives.bins": "follows from the number of patients of the class",
    "positives.cells.0": "a range of scores: at least smallestCell patients have one in it",
    "positives.cells.1": "its end",
    "positives.cells.2": "how many patients, smallestCell or more",
    positives: '"too few"',
    patients: "version 1, read from older rounds and no longer written",
  },
};

/** Paths of the values in a schema. */
function pathsOf(schema: z.ZodTypeAny, path: readonly string[] = []): string[] {
  if (schema instanceof z.ZodObject) {
    return Object.entries(schema.shape as z.ZodRawShape).flatMap(([name, inner]) => pathsOf(inner, [...path, name]));
  }
  if (schema instanceof z.ZodUnion || schema instanceof z.ZodDiscriminatedUnion) {
    return (schema.options as z.ZodTypeAny[]).flatMap((option) => pathsOf(option, path));
  }
  if (schema instanceof z.ZodTuple) {
    return (schema.items as z.ZodTypeAny[]).flatMap((item, index) => pathsOf(item, [...path, String(index)]));
  }
  if (schema instanceof z.ZodArray) return pathsOf(schema.element, path);
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return pathsOf(schema.unwrap(), path);
  if (schema instanceof z.ZodEffects) return pathsOf(schema.innerType(), path);
  return [path.join(".")];
}

describe("what leaves a hospital", () => {
  const schemas = {
    manifest: manifestSchema,
    "manifest of a private round": privateManifestSchema,
    refusal: refusalSchema,
    announcement: announcementSchema,
    scores: validationScoresSchema,
  };
  for (const [name, schema] of Object.entries(schemas)) {
    it(`in a ${name}: only fields that are on the list, each with its reason`, () => {
      expect([...new Set(pathsOf(schema))].sort()).to.deep.equal(Object.keys(mayLeave[name]!).sort());
    });
  }

  it("in an update: integers of the model's tensors, the steps they were rounded at, and the steps proposed", () => {
    const base = modelOf({ a: [1, 2, 3] });
    const { update } = make({ base, local: modelOf({ a: [2, 2, 1] }), plan: planOf("fedavg") });
    expect(Object.keys(parseSafetensorsHeader(update, update.length).metadata)).to.have.members([
      "exponents",
      "wishes",
    ]);
    expect(decodeSafetensors(update).tensors.map(({ name, dtype, shape }) => [name, dtype, shape])).to.deep.equal([
      ["a", "I16", [3]],
    ]);
  });

  it("in a plan: nothing of patients; it is agreed before any data is used", () => {
    // The unit of differential privacy has the name; its fields say how much noise hides any patient.
    const unit = "privacy.patient.";
    const paths = pathsOf(planSchema).map((path) => (path.startsWith(unit) ? path.slice(unit.length) : path));
    expect(paths.some((path) => /patient|scan|score|label/i.test(path))).to.equal(false);
  });
});
