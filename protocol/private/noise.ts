// Adds a hospital's part of the privacy noise to its input, before it is masked.
import { contextText, type PrivateContext } from "./context.ts";
import { discreteGaussian, type Variance } from "./discrete-gaussian.ts";
import { KeyStream } from "./key-stream.ts";

/** A sample of the discrete Gaussian for every coordinate, canaries and bins too; the same for the same secret. */
export function addNoise(
  input: Int32Array,
  {
    variance,
    secret,
    context,
  }: { readonly variance: Variance; readonly secret: Uint8Array; readonly context: PrivateContext },
): void {
  const sample = discreteGaussian(KeyStream.ofSecret(secret, contextText("noise", context)), variance);
  for (let index = 0; index < input.length; index++) input[index] = input[index]! + sample();
}
