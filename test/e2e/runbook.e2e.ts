// docs/get-started.md and docs/runbook.md, command by command, in order: real processes, a real chain, one folder for each place.
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { readFederationFile } from "../../io/chain/federation-file.ts";
import { type OpenLedger, openLedger } from "../../io/chain/ledger.ts";
import type { RoundState } from "../../protocol/contract/round.ts";
import { type HospitalAddress, parseAddress, type RoundId } from "../../protocol/format/digest.ts";
import { hasAnvil, startAnvil, type TestChain } from "../io/chain/chain.ts";
import { type Section, type Step, sectionsOf } from "./page-script.ts";
import { PageWorld } from "./page-world.ts";

/** A day and a half: longer than all periods of a round together. */
const longerThanARound = 36 * 3600;

/** What the test leaves out, by what the page says of it. */
const notTried = {
  "docs/get-started.md": [
    "test/e2e/package.e2e.ts installs the package",
    "test/e2e/package.e2e.ts fetches into an empty cache",
  ],
  "docs/runbook.md": [
    ...Array(5).fill("needs a treasury; the test sets the balance"),
    "needs Prometheus; test/scripts/party/telemetry.test.ts runs it where it is",
  ],
};

const started = sectionsOf("get-started.md");
const runbook = sectionsOf("runbook.md");

describe("the pages for people who run it", function () {
  this.timeout(3_600_000);
  let world: PageWorld;
  let chain: TestChain;
  let ledger: OpenLedger | undefined;
  /** Where the commands are given; get-started.md is followed by several hospitals. */
  let place = "consortium";
  const hospitals: string[] = ["north", "south", "east"];
  const addresses = new Map<string, string>();

  before(async function () {
    if (!hasAnvil()) {
      console.log("skipped: anvil is not installed");
      return this.skip();
    }
    world = await PageWorld.open();
    chain = await startAnvil(["--block-time", "1", "--chain-id", "4711"]);
  });
  after(async () => {
    await world?.close();
    ledger?.close();
    await chain?.stop();
  });

  const fund = (address: string) => chain.rpc("anvil_setBalance", [address.trim(), "0xde0b6b3a7640000"]);

  /** The page's example names, as they are here. The plan gets few rounds of one epoch. */
  async function ownNames(command: string): Promise<string> {
    const { telemetry } = await world.portsOf(place);
    let own = command
      .replaceAll("https://rpc.example/", chain.url)
      .replace("--rounds 50", "--rounds 8 --local-epochs 1")
      .replaceAll("127.0.0.1:9464", `127.0.0.1:${telemetry}`)
      .replaceAll("0xE…", addresses.get("east") ?? "");
    if (own.includes("0xC…")) own = own.replaceAll("0xC…", (await federation()).contract);
    const peer = "/dns4/aggregator.example/tcp/4710/p2p/12D3KooW…";
    if (own.includes(peer)) {
      const { peerId } = JSON.parse(await world.run("aggregator", "consilium keys show keys --json"));
      const ports = await world.portsOf("aggregator");
      own = own.replace(peer, `/ip4/127.0.0.1/tcp/${ports.peer}/p2p/${peerId}`);
    }
    return own;
  }

  const federation = () => readFederationFile(world.at("consortium", "federation.json"));

  async function rounds(): Promise<RoundState[]> {
    if (!ledger) {
      const { chainId, contract, fromBlock } = await federation();
      ledger = await openLedger({ federation: { chainId, contract }, fromBlock, endpoints: [chain.url] });
    }
    const open = ledger;
    const latest = await open.latestRound();
    return Promise.all(Array.from({ length: latest }, (_, index) => open.round((index + 1) as RoundId)));
  }

  /** Places' present addresses: a rotation changes one. */
  async function addressOf(name: string): Promise<HospitalAddress> {
    return parseAddress((await world.run(name, "consilium keys address keys")).trim());
  }

  const finals = async () => (await rounds()).filter(({ status }) => status === "final");
  const waits: Readonly<Record<string, () => Promise<void>>> = {
    "a round is final": () => world.until(async () => (await finals()).length > 0, "a first final round"),
    "west and north are in a final round": async () => {
      const both = await Promise.all(["west", "north"].map(addressOf));
      const has = ({ commitments }: RoundState) =>
        both.every((address) => commitments.some(({ member }) => member === address));
      // A round that the removed hospital is of waits for its update until the time to commit is over.
      const removed = parseAddress(addresses.get("east")!);
      const over = new Set<string>();
      await world.until(async () => {
        const newest = (await rounds()).at(-1)!;
        const at = `${newest.id} ${newest.status} ${newest.proposals.length}`;
        const isRunning = newest.status !== "final" && newest.status !== "abandoned";
        if (isRunning && newest.members.includes(removed) && newest.commitments.length >= 3 && !over.has(at)) {
          over.add(at);
          await chain.passTime(longerThanARound);
        }
        return (await finals()).some(has);
      }, "a final round with west and north");
    },
    "a hospital opens or proposes": async () => {
      const aggregator = await addressOf("aggregator");
      const before = (await rounds()).length;
      // The round that the aggregator has just opened, if there is one: its hospitals work on.
      const settled = ({ status, commitments, members }: RoundState) =>
        status === "final" || commitments.length === members.length;
      await world.until(async () => settled((await rounds()).at(-1)!), "the newest round has its updates");
      await chain.passTime(longerThanARound);
      const isCarriedOn = ({ opener, proposals }: RoundState) =>
        opener !== aggregator || proposals.some(({ proposer }) => proposer !== aggregator);
      await world.until(async () => (await rounds()).slice(before - 1).some(isCarriedOn), "a hospital that goes on");
    },
    "all rounds are final": async () => {
      const over = new Set<number>();
      await world.until(async () => {
        const newest = (await rounds()).at(-1)!;
        // An opener that was away must let others open first, who give each other time.
        if ((newest.status === "final" || newest.status === "abandoned") && !over.has(newest.id)) {
          over.add(newest.id);
          await chain.passTime(longerThanARound);
        }
        const finished = new Set(world.events.filter(({ event }) => event === "finished").map((each) => each.place));
        return world.running.every((each) => each === "aggregator" || finished.has(each));
      }, "finished at every hospital");
    },
  };

  /** What stands in for a command that needs more than this machine has. */
  async function standIn(command: string): Promise<void> {
    if (!command.startsWith("cast send")) return;
    const [, of] = /^cast send ("\$\(.+?\)"|ADDRESS) /.exec(command) ?? [];
    if (of !== "ADDRESS") return void (await fund(await world.run(place, `echo ${of}`)));
    for (const [, address] of addresses) await fund(address);
  }

  async function follow(who: string, titles: readonly string[]): Promise<void> {
    const back = place;
    if (!hospitals.includes(who) && who !== "every hospital") hospitals.push(who);
    for (const hospital of who === "every hospital" ? [...hospitals] : [who]) {
      for (const title of titles) {
        place = hospital;
        await perform(started.find((each) => each.title === title)!);
      }
    }
    place = back;
  }

  async function perform({ title, steps }: Section): Promise<void> {
    for (const step of steps) await take(step);
    console.log(`      ${((performance.now() - since) / 1000).toFixed(0)} s: ${title} (${place})`);
  }
  let since = performance.now();

  async function take(step: Step): Promise<void> {
    if (step.kind === "at") {
      if (step.place !== "hospital") place = step.place;
    } else if (step.kind === "run") {
      const shown = await world.run(place, await ownNames(step.command));
      if (/^consilium (join|init aggregator) /.test(step.command)) {
        await world.giveOwnPorts(place, step.command.includes("join") ? "hospital.yaml" : "aggregator.yaml");
      }
      if (step.command.startsWith("consilium join")) addresses.set(place, (await addressOf(place)).toString());
      if (step.command.startsWith("consilium simulate")) expect(shown).to.match(/^VERIFIED /m);
    } else if (step.kind === "start") await world.start(place, step.command);
    else if (step.kind === "stop") await world.stop(place);
    else if (step.kind === "send") {
      for (const to of step.to)
        for (const file of step.files)
          await world.send(place, file, to, file === "join-request.json" ? `${place}-${file}` : file);
    } else if (step.kind === "wait") await waits[step.until]!();
    else if (step.kind === "follow") await follow(step.who, step.sections);
    else await standIn(step.command);
  }

  it("say of each command that the test leaves out why it does", () => {
    for (const [page, sections] of [
      ["docs/get-started.md", started],
      ["docs/runbook.md", runbook],
    ] as const) {
      const left = sections.flatMap(({ steps }) =>
        steps.flatMap((each) => (each.kind === "not tried" ? [each.why] : [])),
      );
      expect(left, page).to.have.members(notTried[page]);
    }
  });

  it("have every block of commands in a section that somebody follows", () => {
    const followed = runbook.flatMap(({ steps }) =>
      steps.flatMap((each) => (each.kind === "follow" ? each.sections : [])),
    );
    const own = started.filter(({ steps }) => steps.length > 0).map(({ title }) => title);
    expect(new Set([...followed, "Install", "See it on this machine"])).to.deep.equal(new Set(own));
  });

  for (const section of runbook.filter(({ steps }) => steps.length > 0)) {
    it(`docs/runbook.md: ${section.title}`, async function () {
      if (this.test?.parent?.tests.some(({ state }) => state === "failed")) this.skip(); // each needs those before it
      if (section === runbook.find(({ steps }) => steps.length > 0)) since = performance.now();
      await perform(section);
    });
  }

  it("end in a federation whose auditor found every model, with a new member and a new key", async () => {
    const audit = JSON.parse(readFileSync(world.at("auditor", "audit/report.json"), "utf8"));
    expect(audit.verdict).to.equal("verified");
    const status = JSON.parse(await world.run("consortium", "consilium status --config consortium.yaml --json"));
    expect(status.ownedByHospitals).to.equal(true);
    expect(status.terms.minUpdates).to.equal(3);
    const active = status.members.filter((each: { active: boolean }) => each.active);
    expect(active.map(({ address }: { address: string }) => address)).to.include.members(
      await Promise.all(["north", "new machine", "west", "aggregator"].map(addressOf)),
    );
    const successor = await readFederationFile(world.at("consortium", "successor.json"));
    expect(successor.predecessor).to.equal((await federation()).contract);
  });

  it("simulate a federation as docs/get-started.md shows", async () => {
    since = performance.now();
    place = "a first look";
    await perform(started.find(({ title }) => title === "See it on this machine")!);
  });
});
