// Tensors that have a shape for tfjs and one value in TensorFlow, so that an operation's shapes can be learnt without keeping
// what it computes.
import { type Attribute, attributesOf, type Binding, type Output } from "../kernels.ts";

export interface Blanks {
  /** A blank of this shape; delete it as any tensor. */
  create(shape: Shape): number;
  /**
   * Runs an operation on zeros in place of blanks, and on the true values of all other inputs, since shapes may depend on
   * them. Its outputs are blanks.
   */
  execute: Binding["executeOp"];
}

type Shape = Pick<Output, "shape" | "dtype">;

export function createBlanks(binding: Binding): Blanks {
  const shapes = new Map<number, Shape>();
  const create: Blanks["create"] = (shape) => {
    const id = binding.createTensor([], binding.TF_INT32, new Int32Array(1));
    shapes.set(id, shape);
    return id;
  };
  const zeros = ({ shape, dtype }: Shape, blank: number): number => {
    const dimensions = binding.createTensor([shape.length], binding.TF_INT32, Int32Array.from(shape));
    // The binding makes no tensor of some types, such as the one in which pooling keeps its positions.
    const [zero] = binding.executeOp("Cast", attributesOf.cast(binding.TF_INT32, dtype), [blank], 1) as [Output];
    const [filled] = binding.executeOp("Fill", attributesOf.fill(dtype), [dimensions, zero.id], 1) as [Output];
    for (const part of [dimensions, zero.id]) binding.deleteTensor(part);
    return filled.id;
  };
  return {
    create,
    execute(name: string, attributes: Attribute[], ids: number[], count: number) {
      const blanks = ids.filter((id) => shapes.has(id));
      const whole = new Map(blanks.map((id) => [id, zeros(shapes.get(id)!, id)]));
      const outputs = binding.executeOp(
        name,
        attributes,
        ids.map((id) => whole.get(id) ?? id),
        count,
      );
      for (const id of [...whole.values(), ...outputs.map((output) => output.id)]) binding.deleteTensor(id);
      return outputs.map((output) => ({ ...output, id: create(output) }));
    },
  };
}
