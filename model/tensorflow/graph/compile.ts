// Runs a function's operations as one TensorFlow graph, as Python's tf.function does: TensorFlow fuses them and runs some
// in parallel, and JavaScript makes one call instead of one for each operation.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Tensor, Variable } from "@tensorflow/tfjs-node-gpu";
import { backend, idsOf } from "../kernels.ts";
import { tf } from "../tensorflow.ts";
import { record } from "./record.ts";
import { encodeSavedModel, nameOf, tag } from "./saved-model.ts";

/** Its inputs and variables are as many, and of the same shapes and order, as those that it was compiled with. */
export interface Graph {
  /** Call within tf.tidy. The variables keep their values until `assign` sets them to those of the function. */
  run(inputs: readonly Tensor[], variables: readonly Variable[]): { outputs: Tensor[]; assign(): void };
  dispose(): void;
}

/**
 * @param run the function; it is run once, and its changes of variables are undone
 * @throws GRAPH_NOT_CLOSED
 */
export function compile(
  run: () => readonly Tensor[],
  inputs: readonly Tensor[],
  variables: readonly Variable[],
): Graph {
  let graph: Graph | undefined;
  tf.tidy(() => {
    const { nodes, outputs, assigned } = trace(run, inputs, variables);
    const inputNames = Array.from({ length: inputs.length + variables.length }, (_, node) => nameOf({ node, port: 0 }));
    const model = load(encodeSavedModel(nodes));
    graph = graphOf(model, inputNames.join(), outputs.map(nameOf).join(), assigned);
  });
  return graph as unknown as Graph;
}

/** Records a function, with the places of its outputs and then of what it set, and undoes what it set. */
function trace(run: () => readonly Tensor[], inputs: readonly Tensor[], variables: readonly Variable[]) {
  const before = variables.map((variable) => variable.clone());
  const changed = () => [...variables.keys()].filter((at) => variables[at]?.dataId !== before[at]?.dataId);
  try {
    let results: readonly Tensor[] = [];
    const { nodes, placeOf } = record([...inputs, ...variables], () => {
      results = run();
    });
    const assigned = changed();
    const outputs = [...results, ...assigned.map((at) => variables[at] as Variable)].map(placeOf);
    return { nodes, outputs, assigned };
  } finally {
    // Also where it throws: what a variable holds while it is recorded is no value.
    for (const at of changed()) variables[at]?.assign(before[at] as Tensor);
  }
}

function graphOf(model: number, inputNames: string, outputNames: string, assigned: readonly number[]): Graph {
  const { binding } = backend;
  return {
    run(inputs, variables) {
      const found = binding.runSavedModel(model, idsOf([...inputs, ...variables]), inputNames, outputNames);
      const outputs = found.map((each) => backend.createOutputTensor(each));
      const values = outputs.splice(outputs.length - assigned.length);
      const assign = () => {
        for (const [place, at] of assigned.entries()) variables[at]?.assign(values[place] as Tensor);
      };
      return { outputs, assign };
    },
    dispose: () => binding.deleteSavedModel(model),
  };
}

/** TensorFlow loads graphs only from a folder. */
function load(model: Uint8Array): number {
  const folder = mkdtempSync(join(tmpdir(), "consilium-graph-"));
  try {
    writeFileSync(join(folder, "saved_model.pb"), model);
    return backend.binding.loadSavedModel(folder, tag);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
