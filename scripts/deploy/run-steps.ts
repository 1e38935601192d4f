// Runs the steps of a founding with Ignition, which keeps a journal of them.
import { createRequire } from "node:module";
import { join } from "node:path";
import {
  type Artifact,
  DeploymentResultType,
  deploy,
  type ExecutionEventListener,
} from "@nomicfoundation/ignition-core";
import { FedError } from "../../foundation/errors.ts";
import { type FoundingSteps, federationModule } from "../../ignition/modules/federation.ts";
import type { Provider } from "./rpc-provider.ts";

const readJson = createRequire(import.meta.url);
const blockPollingIntervalMs = 250;

export interface StepOptions {
  /** Ignition's folder of this deployment. */
  readonly folder: string;
  /** Blocks on top of each step before the next. */
  readonly confirmations: number;
  /** Most that is offered for a unit of gas, gwei. */
  readonly maxFeeGwei: number;
  /** Shows each transaction on stderr. */
  readonly display: boolean;
}

/** @returns the contract's address. @throws CHAIN_FEES, DEPLOY_FAILED */
export async function runSteps(provider: Provider, steps: FoundingSteps, options: StepOptions): Promise<string> {
  const { folder, confirmations, maxFeeGwei, display } = options;
  try {
    const result = await deploy({
      config: { requiredConfirmations: confirmations, blockPollingInterval: blockPollingIntervalMs },
      artifactResolver: { loadArtifact: async (name) => artifactOf(name), getBuildInfo: async () => undefined },
      provider: provider as Parameters<typeof deploy>[0]["provider"],
      deploymentDir: folder,
      ignitionModule: federationModule(steps),
      deploymentParameters: {},
      accounts: [steps.deployer],
      maxFeePerGasLimit: BigInt(Math.round(maxFeeGwei * 1e9)),
      ...(display ? { executionEventListener: progressLines() } : {}),
    });
    if (result.type !== DeploymentResultType.SUCCESSFUL_DEPLOYMENT) throw failed(result.type, JSON.stringify(result));
    const [contract] = Object.values(result.contracts);
    if (contract) return contract.address;
    throw failed("no contract", "");
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    if (/exceeds? the configured limit|maxFeePerGasLimit/i.test(text)) throw new FedError("CHAIN_FEES", {}, { cause });
    const remedy = /reconcil/i.test(text)
      ? "repeat the settings with which it was begun, or found another federation with another --out"
      : "run the same command again: steps that are done are not repeated";
    throw new FedError("DEPLOY_FAILED", { why: text.replace(/\s+/g, " ").slice(0, 300) }, { cause, remedy });
  }
}

/** The compiled contract, as the set-up or the build left it. */
function artifactOf(name: string): Artifact {
  return readJson(join("../../artifacts/contracts", `${name}.sol`, `${name}.json`)) as Artifact;
}

function failed(type: string, details: string): Error {
  return new Error(`${type.toLowerCase().replaceAll("_", " ")}: ${details.slice(0, 300)}`);
}

/** A line for each transaction that is sent and confirmed; Ignition's other events are of no interest. */
function progressLines(): ExecutionEventListener {
  const line = (word: string) => async (event: { readonly futureId?: string }) => {
    process.stderr.write(`${word} ${event.futureId ?? ""}\n`);
  };
  const shown: Readonly<Record<string, unknown>> = {
    transactionSend: line("sent"),
    transactionConfirm: line("confirmed"),
  };
  const ignored = async () => {};
  return new Proxy({} as ExecutionEventListener, { get: (_, name) => shown[String(name)] ?? ignored });
}
