// Records the TensorFlow operations of a function, so that they can run again as one graph.
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import { FedError } from "../../../foundation/errors.ts";
import { type Attribute, attributesOf, type Binding, backend, idsOf } from "../kernels.ts";
import { createBlanks } from "./blanks.ts";

/** A tensor in a graph: output `port` of the node at index `node`. */
export interface Place {
  readonly node: number;
  readonly port: number;
}

export type Node =
  | { readonly kind: "input"; readonly type: number; readonly shape: readonly number[] }
  | {
      readonly kind: "constant";
      readonly type: number;
      readonly shape: readonly number[];
      readonly values: ArrayLike<number>;
    }
  | {
      readonly kind: "operation";
      readonly name: string;
      readonly attributes: readonly Attribute[];
      readonly inputs: readonly Place[];
    };

export interface Recording {
  /** Inputs first; every other node after the nodes that it uses. */
  readonly nodes: readonly Node[];
  placeOf(tensor: Tensor): Place;
}

/**
 * Runs a function once and records its operations. Everything that is not an input becomes a constant, so the function must
 * not depend on anything else that changes: it must use no earlier tensor and read no value. Nor are its values computed:
 * only the shapes are true, so that memory holds one operation at a time and not a whole training step.
 * @throws GRAPH_NOT_CLOSED
 */
export function record(inputs: readonly Tensor[], run: () => void): Recording {
  const { binding } = backend;
  const places = new Map<number, Place>();
  const nodes: Node[] = [];
  const blanks = createBlanks(binding);
  for (const [at, id] of idsOf(inputs).entries()) {
    const { shape, dtype } = inputs[at]!;
    if (places.has(id)) throw new FedError("GRAPH_NOT_CLOSED", { why: "two inputs are the same tensor" });
    places.set(id, { node: nodes.length, port: 0 });
    nodes.push({ kind: "input", type: backend.getDTypeInteger(dtype), shape });
  }
  const find = (id: number): Place => {
    const place = places.get(id);
    if (place === undefined) throw new FedError("GRAPH_NOT_CLOSED", { why: "it takes a tensor that is no input" });
    return place;
  };
  const createTensor: Binding["createTensor"] = (shape, type, values) => {
    const id =
      values.length < largeSize
        ? binding.createTensor(shape, type, values)
        : blanks.create({ shape: [...shape], dtype: type });
    nodes.push(...constant(nodes.length, type, [...shape], values));
    places.set(id, { node: nodes.length - 1, port: 0 });
    return id;
  };
  const executeOp: Binding["executeOp"] = (name, attributes, ids, count) => {
    const outputs = blanks.execute(name, attributes, ids, count);
    for (const [port, { id }] of outputs.entries()) places.set(id, { node: nodes.length, port });
    nodes.push({ kind: "operation", name, attributes, inputs: ids.map(find) });
    return outputs;
  };
  const tensorDataSync = (): never => {
    throw new FedError("GRAPH_NOT_CLOSED", { why: "it looks at a value" });
  };
  // The binding's own properties are read-only, so these hide them.
  backend.binding = Object.create(binding, {
    createTensor: { value: createTensor },
    executeOp: { value: executeOp },
    tensorDataSync: { value: tensorDataSync },
  }) as Binding;
  try {
    run();
  } finally {
    backend.binding = binding;
  }
  return { nodes, placeOf: (tensor) => find(idsOf([tensor])[0] as number) };
}

/** A constant of this many equal values or more is recorded as a fill operation. */
const largeSize = 256;

/**
 * Adds a constant. tfjs's gradients multiply by ones of an activation's size, which would fill the memory if stored.
 */
function constant(at: number, type: number, shape: readonly number[], values: ArrayLike<number>): Node[] {
  const whole = { kind: "constant", type, shape, values } as const;
  const one = values[0]!;
  if (values.length < largeSize || Array.prototype.some.call(values, (value) => !Object.is(value, one))) return [whole];
  const dimensions = {
    kind: "constant",
    type: backend.binding.TF_INT32,
    shape: [shape.length],
    values: shape,
  } as const;
  const value = { kind: "constant", type, shape: [], values: [one] } as const;
  const inputs = [
    { node: at, port: 0 },
    { node: at + 1, port: 0 },
  ];
  return [dimensions, value, { kind: "operation", name: "Fill", attributes: attributesOf.fill(type), inputs }];
}
