// Loads TensorFlow's C library through Node-API once, quietly, and under every Node from 22 on.
import { createRequire } from "node:module";
import { requireFetched } from "../../foundation/fetched-packages.ts";

// tfjs-node-gpu calls two functions that Node deprecates and, since 23, lacks.
const util = createRequire(import.meta.url)("node:util") as Record<string, unknown>;
util["isNullOrUndefined"] = (value: unknown) => value === null || value === undefined;
util["isArray"] = Array.isArray;

// TensorFlow reads these when its library is loaded. To start several trainers on one machine, set
// TF_NUM_INTRAOP_THREADS in their environment.
process.env["TF_CPP_MIN_LOG_LEVEL"] ??= "2";

export type TensorFlow = typeof import("@tensorflow/tfjs-node-gpu");
export const tf = requireFetched("tensorflow")("@tensorflow/tfjs-node-gpu") as TensorFlow;
tf.enableProdMode(); // no NaN checks in each kernel: the training loop checks every loss
