// A hospital lost with its machine and restored from its backup on another one, with real processes, chain and network.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import { objectPath } from "../../io/store/object-files.ts";
import { RealFederation } from "./real-federation.ts";

const commandLine = fileURLToPath(new URL("../../scripts/consilium.ts", import.meta.url));

async function consilium(...args: readonly string[]): Promise<unknown> {
  const all = ["--disable-warning=ExperimentalWarning", commandLine, ...args, "--json"];
  const env = { ...process.env, CONSILIUM_BACKUP_PASSWORD: "backup password" };
  return JSON.parse((await promisify(execFile)(process.execPath, all, { env })).stdout);
}

describe("a hospital that is restored from its backup on another machine", function () {
  this.timeout(300_000);

  it("fetches the models back from its peers and takes part in the next round", async () => {
    // Models of more than a mebibyte are not in the backup.
    const federation = await RealFederation.found({ hospitals: 3, rounds: 2, weights: 300_000 });
    const scratch = await mkdtemp(join(tmpdir(), "consilium-elsewhere-"));
    try {
      const { name, address } = federation.hospitals[0]!;
      await federation.start();
      await federation.untilAdopted(1);
      await federation.kill(name);
      const old = federation.configOf(name);
      const backup = join(scratch, "hospital.backup");
      await consilium("backup", "--config", old, "--out", backup);
      const config = JSON.parse(await readFile(old, "utf8")) as Record<string, object>;
      await rename(dirname(old), `${dirname(old)}.lost`);

      const place = join(scratch, "site");
      await mkdir(place);
      await writeFile(join(place, "password"), await readFile(join(`${dirname(old)}.lost`, "password")));
      const keys = { keystore: "keys/chain.json", passwordFile: "password", peerKey: "keys/peer" };
      const federationFile = join(dirname(dirname(old)), "federation.json");
      const renewed = { ...config, federation: federationFile, keys, store: "data/store" };
      await writeFile(join(place, "hospital.json"), JSON.stringify(renewed));
      await consilium("restore", "--config", join(place, "hospital.json"), "--from", backup);
      const blobs = join(place, "data", "store", "blobs");
      const [first] = await federation.models();
      expect(existsSync(objectPath(blobs, first!))).to.equal(false);

      const before = federation.events.length;
      await federation.startParty(name, undefined, join(place, "hospital.json"));
      await federation.until(() =>
        federation.events
          .slice(before)
          .some((event) => event.event === "finished" && event["hospital"] === address && event["rounds"] === 2),
      );
      const [, second] = await federation.models();
      for (const model of [second]) expect(existsSync(objectPath(blobs, model!))).to.equal(true);
      const voters = (await federation.rounds()).map(({ proposals }) => proposals.at(-1)!.attestations.length);
      expect(voters[1]).to.be.at.least(2);
    } finally {
      await federation.stop();
      await rm(scratch, { recursive: true, force: true });
    }
  });
});
