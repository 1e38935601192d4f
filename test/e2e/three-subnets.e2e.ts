// A federation in three subnets: two that others reach, and a hospital behind address translation without an inbound port, which a
// member relays. The chain is reachable from all, also while a line is cut.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import type { Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { peerIdOfKey } from "../../io/p2p/identity.ts";
import { openPeerKeyFile } from "../../io/p2p/key-file.ts";
import { offerPort } from "./network/forward.ts";
import { type NetworkSite, NetworkSites, whyNoNamespaces } from "./network/namespaces.ts";
import { RealFederation } from "./real-federation.ts";

const rounds = 2;
const patience = { withinMs: 600_000 };
const forwardFile = fileURLToPath(new URL("./network/forward.ts", import.meta.url));
const line = { mbit: 50, oneWayMs: 10, lossPercent: 0.5 };

describe("a federation in three subnets", function () {
  this.timeout(900_000);
  let dir: string;
  let sites: NetworkSites;
  let federation: RealFederation;
  let offered: Server;
  const forwarders: ChildProcess[] = [];

  before(async function () {
    const reason = await whyNoNamespaces();
    if (reason !== undefined) {
      console.log(`    skipped: ${reason}`);
      return this.skip();
    }
    dir = await mkdtemp(join(tmpdir(), "consilium-subnets-"));
    sites = await NetworkSites.open();
    // Long periods for a busy machine: committing ends as soon as all have committed.
    const terms = { commitPeriod: 300, attestPeriod: 300, proposePeriod: 60 };
    federation = await RealFederation.found({ hospitals: 3, rounds, terms });
    offered = await offerPort(Number(new URL(federation.rpc).port), join(dir, "chain"));
  });
  after(async () => {
    await federation?.stop();
    for (const child of forwarders) child.kill("SIGKILL");
    offered?.close();
    await sites?.close();
    if (dir !== undefined) await rm(dir, { recursive: true, force: true });
  });

  /** Makes a namespace in which the chain's port is where it is outside. */
  async function subnet(options: { nat?: boolean } = {}): Promise<NetworkSite> {
    const site = await sites.addSite({ ...line, ...options });
    const args = ["netns", "exec", site.namespace, process.execPath, "--disable-warning=ExperimentalWarning"];
    const chainArgs = [forwardFile, new URL(federation.rpc).port, join(dir, "chain")];
    const child = spawn("ip", [...args, ...chainArgs], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    forwarders.push(child);
    await once(child, "message");
    return site;
  }

  it("makes its models with a hospital without an inbound port, and after a line was cut in mid-round", async () => {
    const [first, second, behind] = [await subnet(), await subnet(), await subnet({ nat: true })];
    const [relaying, open, hidden] = federation.hospitals;
    const port = 4710;
    const relayId = await peerIdOfKey(await openPeerKeyFile(join(relaying!.dir, "peer-key")));
    const peers = [`/ip4/${first.address}/tcp/${port}/p2p/${relayId}`];
    // The aggregator is in the relaying hospital's subnet. Everyone knows that hospital's address and no other.
    for (const [identity, site, network] of [
      [relaying!, first, { listen: [`/ip4/${first.address}/tcp/${port}`], peers: [], relay: true }],
      [federation.aggregator, first, { listen: [`/ip4/${first.address}/tcp/${port + 1}`], peers }],
      [open!, second, { listen: [`/ip4/${second.address}/tcp/${port}`], peers }],
      [hidden!, behind, { listen: ["/p2p-circuit"], peers }],
    ] as const) {
      await federation.configure(identity.name, { network });
      federation.prefixes.set(identity.name, ["ip", "netns", "exec", site.namespace]);
    }
    await federation.start();
    await federation.untilAdopted(1, patience);

    await federation.until(
      () => federation.events.some((e) => e.event === "round-opened" && e["round"] === 2),
      patience,
    );
    await second.tell("cut");
    const committed = () => federation.events.filter((e) => e.event === "committed" && e["round"] === 2).length === 3;
    await federation.until(committed, patience); // the chain is reachable
    await second.tell("heal");
    await federation.untilAdopted(rounds, patience);
    for (const { members, proposals, status } of await federation.rounds()) {
      expect(status).to.equal("final");
      expect(proposals.at(-1)?.included).to.have.members([...members]);
    }
    expect((await federation.audit()).verdict).to.equal("verified");
  });
});
