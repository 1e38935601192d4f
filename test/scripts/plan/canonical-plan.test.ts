import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { defaultPlan } from "../../../protocol/format/default-plan.ts";
import { blobDigest } from "../../../protocol/format/merkle.ts";
import { encodePlan } from "../../../protocol/format/plan.ts";
import { planCommand } from "../../../scripts/plan.ts";
import { printedBy } from "../printed-by.ts";

const plan = { ...defaultPlan(), rounds: 5 };

describe("a plan that was edited", () => {
  let dir: string;
  let file: string;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-plan-"));
    file = join(dir, "plan.json");
    await writeFile(file, JSON.stringify(plan, null, 2));
  });
  afterEach(() => rm(dir, { recursive: true }));

  const run = (...args: string[]) => printedBy(planCommand, args);
  const codeOf = (...args: string[]) =>
    run(...args).then(
      () => undefined,
      ({ code }) => code,
    );

  it("has the digest of its canonical spelling", async () => {
    const digest = blobDigest(encodePlan(plan));
    expect(await run("plan", "digest", file)).to.equal(digest);
    expect(JSON.parse(await run("plan", "digest", file, "--json"))).to.deep.equal({ digest });
  });

  it("is written in that spelling where asked for, and not before", async () => {
    const before = await readFile(file, "utf8");
    expect(await codeOf("plan", "digest", file)).to.equal(undefined);
    expect(await readFile(file, "utf8")).to.equal(before);
    await run("plan", "canonical", file, "--write");
    expect(await readFile(file)).to.deep.equal(Buffer.from(encodePlan(plan)));
  });

  it("is refused where it is no plan", async () => {
    await writeFile(file, JSON.stringify({ ...plan, rounds: 0 }));
    expect(await codeOf("plan", "canonical", file, "--write")).to.equal("PLAN_MALFORMED");
    expect(JSON.parse(await readFile(file, "utf8")).rounds).to.equal(0);
  });

  it("is not overwritten by a new one", async () => {
    const before = await readFile(file, "utf8");
    const genesis = join(dir, "genesis.safetensors");
    expect(await codeOf("plan", "--plan", file, "--genesis", genesis)).to.equal("FILE_EXISTS");
    expect(await codeOf("plan", "--plan", join(dir, "other.json"), "--genesis", file)).to.equal("FILE_EXISTS");
    expect(await readFile(file, "utf8")).to.equal(before);
  });
});

describe("a plan's first model", () => {
  let dir: string;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-first-model-"));
  });
  after(() => rm(dir, { recursive: true }));

  const write = async (name: string, ...more: string[]) => {
    const files = { plan: join(dir, `${name}.json`), genesis: join(dir, `${name}.safetensors`) };
    await printedBy(planCommand, ["plan", "--plan", files.plan, "--genesis", files.genesis, ...more]);
    return files;
  };

  it("is one that was given, whatever the plan's seed", async () => {
    const earlier = await write("earlier", "--seed", "3");
    const drawn = await write("drawn", "--seed", "4");
    const given = await write("given", "--seed", "4", "--first-model", earlier.genesis);
    expect(await readFile(given.genesis)).to.deep.equal(await readFile(earlier.genesis));
    expect(await readFile(given.genesis)).not.to.deep.equal(await readFile(drawn.genesis));
    expect(await readFile(given.plan)).to.deep.equal(await readFile(drawn.plan));
  });

  it("is refused where it is of another network, or a backbone is given too", async () => {
    const { genesis } = await write("decoding", "--reconstruction");
    const codeOf = (...more: string[]) =>
      write("refused", ...more).then(
        () => undefined,
        ({ code }) => code,
      );
    expect(await codeOf("--first-model", genesis)).to.equal("TENSOR_UNKNOWN");
    expect(await codeOf("--first-model", join(dir, "none.safetensors"))).to.equal("FILE_UNREADABLE");
    expect(await codeOf("--reconstruction", "--first-model", genesis, "--backbone", genesis)).to.equal(
      "OPTION_INVALID",
    );
  });
});
