// Commands as people call them, on a small federation with files in a folder of its own.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { encryptKeystoreJson, type Wallet } from "ethers";
import { describeFederation, writeFederationFile } from "../../io/chain/federation-file.ts";
import { fundedWallet, type TestChain } from "../io/chain/chain.ts";
import { foundFederation, type TestFederation } from "../io/chain/federation.ts";
import { printedBy } from "./printed-by.ts";

const password = "correct horse";

export interface FederationCommands {
  readonly federation: TestFederation;
  readonly dir: string;
  /** Options that name the federation and its chain. */
  readonly common: readonly string[];
  /** Runs a command as from the command line. @returns what it printed */
  run(...args: string[]): Promise<string>;
  // biome-ignore lint/suspicious/noExplicitAny: what a command prints is judged by the test
  runJson(...args: string[]): Promise<any>;
  /** @returns the code of its error; undefined where it has none */
  codeOf(...args: string[]): Promise<string | undefined>;
  /** The wallet's keystore file; its password is in the folder's `password`. */
  written(wallet: Wallet): Promise<string>;
  /** Options that write as the account with this index. */
  as(index: number): Promise<string[]>;
  close(): Promise<void>;
}

export async function openFederationCommands(
  chain: TestChain,
  commands: readonly ((program: Command) => void)[],
): Promise<FederationCommands> {
  const dir = await mkdtemp(join(tmpdir(), "consilium-commands-"));
  const federation = await foundFederation(chain);
  const { federation: id, fromBlock, codeDigest } = federation.options;
  await writeFederationFile(
    join(dir, "federation.json"),
    describeFederation({ federation: id, fromBlock, codeDigest: String(codeDigest), predecessor: undefined }),
  );
  await writeFile(join(dir, "password"), `${password}\nnot this line\n`);
  const common = ["--federation", join(dir, "federation.json"), "--rpc", chain.url];

  const define = (program: Command) => {
    for (const add of commands) add(program);
  };
  const run = (...args: string[]) => printedBy(define, args);
  const written = async (wallet: Wallet): Promise<string> => {
    const path = join(dir, `${wallet.address}.json`);
    const { address, privateKey } = wallet;
    await writeFile(
      path,
      await encryptKeystoreJson({ address, privateKey }, password, { scrypt: { N: 1 << 8, r: 8, p: 1 } }),
    );
    return path;
  };
  return {
    ...{ federation, dir, common, run, written },
    runJson: async (...args) => JSON.parse(await run(...args, "--json")),
    codeOf: (...args) =>
      run(...args).then(
        () => undefined,
        ({ code }: { code: string }) => code,
      ),
    as: async (index) => [
      ...common,
      ...["--keystore", await written(fundedWallet(index)), "--password-file", join(dir, "password")],
    ],
    async close() {
      federation.close();
      await rm(dir, { recursive: true });
    },
  };
}
