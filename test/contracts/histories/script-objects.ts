// The plan and the genesis model that a script asks for.
import { encodePlan, type Plan } from "../../../protocol/format/plan.ts";
import { examplePlan } from "../../fakes/federation.ts";
import { garbage, text } from "./objects.ts";
import type { ModelState } from "./played.ts";
import type { HistoryScript, PlanKind } from "./script.ts";

export function stateOfGenesis({ genesis, strategy }: HistoryScript): ModelState {
  switch (genesis) {
    case "garbage":
      return "bad";
    case "missing":
      return "missing";
    case "integers":
    case "no tensors":
    case "odd exponents":
      return "unfit";
    case "odd server state":
      return strategy === "fedavgm" || strategy === "scaffold" ? "unfit" : "good";
    default:
      return "good";
  }
}

export function planOf({ strategy, maxStaleness }: HistoryScript): Plan {
  const common = { maxSharePermille: 1000, maxStaleness };
  const rules: Record<HistoryScript["strategy"], Plan["strategy"]> = {
    fedavg: { name: "fedavg", ...common },
    "bounded fedavg": { name: "fedavg", ...common, maxSharePermille: 400 },
    fedavgm: { name: "fedavgm", ...common, momentum: 0.9, serverLearningRate: 1 },
    median: { name: "median", ...common },
    krum: { name: "krum", ...common, byzantine: 0 },
    scaffold: { name: "scaffold", ...common, serverLearningRate: 1, controlClipNorm: 8 },
    sparse: { name: "fedavg", ...common },
  };
  const update = { type: "I16", clipNorm: 8, topFraction: strategy === "sparse" ? 0.25 : 1, localTensors: [] } as const;
  return examplePlan({ strategy: rules[strategy], update: { ...update, localTensors: [] }, sampleCap: 500 });
}

export function bytesOfPlan(kind: PlanKind, plan: Plan): Uint8Array {
  const good = encodePlan(plan);
  if (kind === "garbage") return garbage(`plan ${plan.seed}`);
  if (kind === "lone surrogate") return text(new TextDecoder().decode(good).replace(plan.software, "\\ud800"));
  return good;
}
