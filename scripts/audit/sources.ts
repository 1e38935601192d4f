// The sources of `consilium audit`: a simulation's chain is started again from its journal where no endpoint is given.
import { type AuditSources, openSources } from "../../auditor/sources.ts";
import { startChain } from "../simulate/chain.ts";
import type { Target } from "./target.ts";

/** @throws CHAIN_START, and the codes of openSources */
export async function openTarget(target: Target, signal: AbortSignal): Promise<AuditSources> {
  if (target.journal === undefined || target.endpoints.length > 0) return openSources(target, signal);
  const chain = await startChain({ journal: target.journal });
  try {
    const sources = await openSources({ ...target, endpoints: [chain.url] }, signal);
    const close = async () => {
      await sources.close();
      await chain.stop();
    };
    return { ...sources, close };
  } catch (error) {
    await chain.stop();
    throw error;
  }
}
