// Writes a recorded graph as TensorFlow's SavedModel, the only format that tfjs-node's binding loads.
import { FedError } from "../../../foundation/errors.ts";
import { requireFetched } from "../../../foundation/fetched-packages.ts";
import { type Attribute, backend } from "../kernels.ts";
import type { Node, Place } from "./record.ts";

/** The messages that tfjs-node itself reads saved models with (google-protobuf); it has no types. */
// biome-ignore lint/suspicious/noExplicitAny: generated code without types
const messages = requireFetched("tensorflow")("@tensorflow/tfjs-node-gpu/dist/proto/api_pb.js") as any;

export const tag = "serve";

/** The name of an output for TF_SessionRun. */
export const nameOf = ({ node, port }: Place): string => `n${node}:${port}`;

/** The bytes of saved_model.pb. */
export function encodeSavedModel(nodes: readonly Node[]): Uint8Array {
  const graph = new messages.GraphDef();
  graph.setNodeList(nodes.map(nodeDef));
  const versions = new messages.VersionDef();
  versions.setProducer(1087); // TensorFlow 2.9's, whose operations the binding was made for
  graph.setVersions(versions);
  const info = new messages.MetaGraphDef.MetaInfoDef();
  info.setTagsList([tag]);
  const meta = new messages.MetaGraphDef();
  meta.setMetaInfoDef(info);
  meta.setGraphDef(graph);
  const model = new messages.SavedModel();
  model.setSavedModelSchemaVersion(1);
  model.setMetaGraphsList([meta]);
  return model.serializeBinary();
}

function nodeDef(node: Node, index: number) {
  const definition = new messages.NodeDef();
  definition.setName(`n${index}`);
  const attributes = definition.getAttrMap();
  if (node.kind === "operation") {
    definition.setOp(node.name);
    definition.setInputList(node.inputs.map(nameOf));
    for (const attribute of node.attributes) attributes.set(attribute.name, attributeValue(attribute));
    return definition;
  }
  definition.setOp(node.kind === "input" ? "Placeholder" : "Const");
  const type = new messages.AttrValue();
  type.setType(node.type);
  attributes.set("dtype", type);
  const value = new messages.AttrValue();
  if (node.kind === "input") value.setShape(shapeOf(node.shape));
  else value.setTensor(tensorOf(node));
  attributes.set(node.kind === "input" ? "shape" : "value", value);
  return definition;
}

function attributeValue({ name, type, value }: Attribute) {
  const { binding } = backend;
  const out = new messages.AttrValue();
  const set = (kind: "I" | "F" | "B") => {
    if (!Array.isArray(value)) return out[`set${kind}`](value);
    const list = new messages.AttrValue.ListValue();
    list[`set${kind}List`](value);
    out.setList(list);
  };
  if (type === binding.TF_ATTR_TYPE) out.setType(value);
  else if (type === binding.TF_ATTR_INT) set("I");
  else if (type === binding.TF_ATTR_FLOAT) set("F");
  else if (type === binding.TF_ATTR_BOOL) set("B");
  else if (type === binding.TF_ATTR_STRING) out.setS(Buffer.from(value as string));
  else if (type === binding.TF_ATTR_SHAPE) out.setShape(shapeOf(value as number[]));
  else throw new FedError("KERNEL_FAILED", { attribute: name, type });
  return out;
}

function shapeOf(shape: readonly number[]) {
  const out = new messages.TensorShape();
  out.setDimList(
    shape.map((size) => {
      const dimension = new messages.TensorShape.Dim();
      dimension.setSize(size);
      return dimension;
    }),
  );
  return out;
}

function tensorOf({ type, shape, values }: Extract<Node, { kind: "constant" }>) {
  const { binding } = backend;
  const out = new messages.Tensor();
  out.setDtype(type);
  out.setTensorShape(shapeOf(shape));
  const array =
    type === binding.TF_FLOAT
      ? Float32Array.from(values)
      : type === binding.TF_INT32
        ? Int32Array.from(values)
        : Uint8Array.from(values);
  out.setTensorContent(new Uint8Array(array.buffer));
  return out;
}
