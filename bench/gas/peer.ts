// The same contribution in the usual way, stored on chain, measured in the same run and with the same compiler settings.
import { readFileSync } from "node:fs";
import { type Contract, ContractFactory, id, toUtf8Bytes, Wallet } from "ethers";
import { network } from "hardhat";
import solc from "solc";

/** An IPFS address as such contracts store it: 46 characters. */
const address = (text: string) => toUtf8Bytes(`Qm${id(text).slice(2, 46)}`);

/** Gas of the cheapest contribution of a later round, whose storage slots are not new. */
export async function measurePeer(hospitalCount: number): Promise<number> {
  const { abi, bytecode } = compile();
  const chain = await network.create();
  try {
    const { provider } = chain.ethers;
    const hospitals = Array.from({ length: hospitalCount }, (_, i) => new Wallet(id(`hospital ${i}`), provider));
    for (const hospital of hospitals) await chain.networkHelpers.setBalance(hospital.address, 10n ** 20n);
    const factory = new ContractFactory(abi, bytecode, hospitals[0]);
    // biome-ignore lint/suspicious/noExplicitAny: ethers resolves methods at run time
    const contract = (await factory.deploy(hospitals.map((each) => each.address))) as Contract & Record<string, any>;
    let cheapest = Number.POSITIVE_INFINITY;
    for (const round of [1, 2]) {
      const costs: number[] = [];
      for (const hospital of hospitals) {
        const as = contract.connect(hospital) as typeof contract;
        const receipt = await (await as["contribute"](address(`${round} ${hospital.address}`))).wait();
        costs.push(Number(receipt.gasUsed));
      }
      await (await contract["aggregate"](address(`aggregate ${round}`))).wait();
      cheapest = Math.min(...costs);
    }
    return cheapest;
  } finally {
    await chain.close();
  }
}

function compile(): { abi: []; bytecode: string } {
  const name = "StoredContribution.sol";
  const input = {
    language: "Solidity",
    sources: { [name]: { content: readFileSync(new URL(name, import.meta.url), "utf8") } },
    settings: {
      evmVersion: "cancun",
      viaIR: true,
      optimizer: { enabled: true, runs: 10_000 },
      outputSelection: { "*": { "*": ["abi", "evm.bytecode.object"] } },
    },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input)));
  const contract = output.contracts?.[name]?.StoredContribution;
  if (!contract) throw new Error(output.errors?.[0]?.formattedMessage);
  return { abi: contract.abi, bytecode: `0x${contract.evm.bytecode.object}` };
}
