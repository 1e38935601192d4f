// The compiler is the npm package solc (WASM): nothing is downloaded, and every machine compiles with the same bytes.
import { createRequire } from "node:module";
import hardhatEthers from "@nomicfoundation/hardhat-ethers";
import hardhatChaiMatchers from "@nomicfoundation/hardhat-ethers-chai-matchers";
import hardhatKeystore from "@nomicfoundation/hardhat-keystore";
import hardhatMocha from "@nomicfoundation/hardhat-mocha";
import hardhatNetworkHelpers from "@nomicfoundation/hardhat-network-helpers";
import { configVariable, defineConfig } from "hardhat/config";

const path = createRequire(import.meta.url).resolve("solc/soljson.js");
const compiler = {
  version: "0.8.37",
  path,
  // viaIR: 4 % less gas for each commitment and attestation, for 10 s of compiling when a contract changes.
  // bytecodeHash none: a comment does not change the code, its digest in federation files, or the gas snapshot.
  settings: {
    evmVersion: "cancun",
    viaIR: true,
    optimizer: { enabled: true, runs: 800 },
    metadata: { bytecodeHash: "none" },
  },
};

// The fuzz and invariant tests compile in 6 s without viaIR, in 33 s with it.
const plain = Object.fromEntries(
  ["TrainingRounds.t.sol", "RoundsHandler.sol"].map((file) => [
    `test/contracts/${file}`,
    { ...compiler, settings: { ...compiler.settings, viaIR: false } },
  ]),
);

// A fixed seed, so that a failure can be had again; many more runs by night: CONSILIUM_FUZZ=deep npm test.
const deep = process.env["CONSILIUM_FUZZ"] === "deep";

export default defineConfig({
  plugins: [hardhatEthers, hardhatChaiMatchers, hardhatNetworkHelpers, hardhatMocha, hardhatKeystore],
  solidity: { profiles: { default: { compilers: [compiler], overrides: plain }, production: compiler } },
  // For `consilium deploy --network`. Addresses with credentials in them belong into Hardhat's keystore:
  // npx hardhat keystore set SEPOLIA_RPC_URL
  networks: {
    localhost: { type: "http", chainType: "l1", url: "http://127.0.0.1:8545", chainId: 31337 },
    sepolia: { type: "http", chainType: "l1", url: configVariable("SEPOLIA_RPC_URL"), chainId: 11155111 },
    /** Your own chain: its id with --chain-id. */
    consortium: { type: "http", chainType: "l1", url: configVariable("CONSORTIUM_RPC_URL") },
  },
  paths: { tests: { mocha: "test/contracts", solidity: "test/contracts" } },
  test: {
    solidity: {
      fuzz: { runs: deep ? 5000 : 200, seed: "0xc0451117" },
      invariant: { runs: deep ? 256 : 12, depth: deep ? 500 : 60, failOnRevert: true },
    },
  },
});
