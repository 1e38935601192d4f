// Whether two imports gave the same shard, whatever the names of the files that they read.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";

/** Every file of the shard but for the listing's name and the names of files, which an archive gives. */
export async function expectSameShards(dir: string, other: string): Promise<void> {
  expect((await readFile(join(dir, "pixels.bin"))).equals(await readFile(join(other, "pixels.bin")))).to.equal(true);
  const read = async (name: string) => JSON.parse(await readFile(join(name, "shard.json"), "utf8"));
  const comparable = ({ source: _, scans, ...index }: { source: string; scans: { inputs: string }[] }) => ({
    ...index,
    scans: scans.map(({ inputs: __, ...scan }) => scan),
  });
  expect(comparable(await read(dir))).to.deep.equal(comparable(await read(other)));
  const card = async (name: string) => JSON.parse(await readFile(join(name, "data-card.json"), "utf8"));
  expect(await card(dir)).to.deep.equal(await card(other));
}
