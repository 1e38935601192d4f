// The pages of a running hospital and a running aggregator in a real Chromium: a real chain, one hospital away and late.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { expect } from "chai";
import { type Browser, chromium, type Page } from "playwright-core";
import { shardFiles } from "../../imaging/shard/shard-format.ts";
import { freePorts } from "../../scripts/simulate/free-ports.ts";
import { executablePath, patienceMs, until } from "./chromium.ts";
import { RealFederation } from "./real-federation.ts";

const quarantined = { facts: {}, remedy: "none", files: 1 };

describe("the dashboards of running parties", function () {
  this.timeout(600_000);
  let federation: RealFederation;
  let browser: Browser;
  let node: Page;
  let aggregator: Page;
  const faults: string[] = [];
  const text = (page: Page, id: string) => page.locator(`#${id}`).textContent();

  before(async function () {
    if (executablePath === undefined) {
      console.log("skipped: no Chromium is installed");
      return this.skip();
    }
    // Rounds that take long enough to be seen at work.
    const terms = { commitPeriod: 20, proposePeriod: 15, attestPeriod: 15 };
    federation = await RealFederation.found({ hospitals: 4, rounds: 5, trainMs: 3_000, terms });
    const ports = await freePorts(2);
    const [first] = federation.hospitals;
    const looked = [first!.name, federation.aggregator.name];
    for (const [index, name] of looked.entries())
      await federation.configure(name, { dashboard: { listen: `127.0.0.1:${ports[index]}` } });
    const shard = join(dirname(federation.configOf(first!.name)), "shard");
    await mkdir(shard, { recursive: true });
    const entries = (["file", "series", "series"] as const).map((what) => ({
      ...{ what, code: "SERIES_GAPS" },
      ...quarantined,
    }));
    await writeFile(join(shard, shardFiles.quarantine), JSON.stringify({ salt: "s", digest: "d", entries }));
    // Before the parties: on a busy machine it starts for longer than a round takes.
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
    await federation.start();
    await federation.until(() => federation.events.some(({ event }) => event === "round-opened"));
    [node, aggregator] = (await Promise.all(
      ports.map(async (port) => {
        const page = await (await browser.newContext()).newPage();
        page.setDefaultTimeout(patienceMs);
        page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
        page.on("pageerror", (error) => faults.push(String(error)));
        await page.goto(`http://127.0.0.1:${port}/`);
        return page;
      }),
    )) as [Page, Page];
  });
  after(async () => {
    await browser?.close();
    await federation?.stop();
  });

  it("show the round at work with its deadlines, their own links, disk and quarantine", async () => {
    for (const page of [node, aggregator]) {
      await until(page, "document.querySelector('#stage').textContent === 'taking part'");
      await until(page, "document.querySelectorAll('#strip tr').length === 4");
      await until(page, "document.querySelectorAll('#drawing line.direct').length === 4");
      await until(page, "/updates within \\d+ s/.test(document.querySelector('#deadlines').textContent)");
      await until(page, "/\\d objects?/.test(document.querySelector('#resource-rows').textContent)");
    }
    await until(node, "document.querySelector('#resource-rows').textContent.includes('3 refused')");
    expect(await text(node, "quarantine-rows")).to.match(/SERIES_GAPS.*series.*2/);
    expect(await text(node, "map")).to.include("this node");
  });

  it("show who is away and late, and gas, contributions and the audit's verdict of what is final", async () => {
    await federation.kill(federation.hospitals[3]!.name);
    await federation.until(() => federation.events.some(({ event }) => event === "late"));
    for (const page of [node, aggregator]) {
      await until(page, "document.querySelector('#drawing').textContent.includes('not connected')");
      await until(page, "document.querySelectorAll('#drawing line.direct').length === 3");
      await until(page, "[...document.querySelectorAll('#which option')].length >= 3");
    }
    const isOver = ({ event }: { event: string }) => event === "finished";
    await federation.until(() => federation.events.filter(isOver).length === 4, { withinMs: 300_000 });
    for (const page of [node, aggregator]) {
      await until(page, "document.querySelector('#stage').textContent === 'all rounds are final'");
      await until(page, "document.querySelector('#model-rows').textContent.split('same bytes').length === 6");
      // Each round's own gas, and each member's.
      await until(
        page,
        "[...document.querySelectorAll('#model-rows td:last-child')].every((cell) => /,\\d{3}/.test(cell.textContent))",
      );
      await until(page, "document.querySelectorAll('#contribution-rows tr').length === 5");
      expect(await text(page, "strip")).to.include("late");
      expect(await text(page, "audit-text")).to.match(/^Audited: every model/);
    }
  });

  it("have nothing serious for axe, and wrote no error on the console", async () => {
    for (const page of [node, aggregator]) {
      const { violations } = await new AxeBuilder({ page }).analyze();
      const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      expect(grave.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).to.deep.equal([]);
    }
    expect(faults).to.deep.equal([]);
  });
});
