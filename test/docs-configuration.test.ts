// The reference of every configuration field is what the schemas say, and each of its examples is one that they take.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { z } from "zod";
import { zodToJsonSchema } from "zod-to-json-schema";
import { examples } from "../scripts/checks/configuration/examples.ts";
import { fieldsOf } from "../scripts/checks/configuration/fields.ts";
import { configurationPage, rowsText, schemas } from "../scripts/checks/configuration/page.ts";

describe("the reference of configuration fields", function () {
  this.timeout(60_000);

  it("is the page that the schemas make: node scripts/checks/write-configuration.ts writes it", () => {
    expect(readFileSync(join(import.meta.dirname, "../docs/configuration.md"), "utf8")).to.equal(configurationPage());
  });

  it("has examples that the schemas accept", () => {
    for (const [name, schema] of Object.entries(schemas))
      for (const example of examples[name as keyof typeof examples])
        expect(schema.safeParse(example).error?.issues, name).to.equal(undefined);
  });

  it("cannot be made for a field without a description, wherever it is", () => {
    const described = z.object({ store: z.string().describe("Folder.") }).strict();
    const rows = (schema: z.ZodTypeAny) => rowsText("hospital", fieldsOf(zodToJsonSchema(schema)));
    expect(rows(described)).to.include("| `store` | text | *required* | Folder. |");
    const bare = z.object({ keys: z.object({ peerKey: z.string() }).describe("Keys.") });
    expect(() => rows(bare)).to.throw("keys.peerKey has no description");
    expect(() => rows(z.object({ telepathy: z.string().describe("None.") }))).to.throw("telepathy has no example");
  });
});
