// SCAFFOLD at a hospital (Karimireddy et al. 2020, algorithm 1): each gradient is corrected by c - c_i, the server's control
// variate less the hospital's own.
import { decodeSafetensors } from "../../protocol/format/safetensors.ts";
import { controlPrefix, serverControlPrefix } from "../../protocol/update/update-layout.ts";

/**
 * c - c_i by the names of the model's tensors; a variate that is not there yet is zero.
 * @param base safetensors of the model to train from, which holds c
 * @param residual safetensors of what the hospital's last update left, which hold c_i
 * @throws SAFETENSORS_MALFORMED
 */
export function gradientCorrection(base: Uint8Array, residual: Uint8Array | undefined): Map<string, Float32Array> {
  const correction = variates(base, serverControlPrefix);
  if (residual === undefined) return correction;
  for (const [name, own] of variates(residual, controlPrefix)) {
    const server = correction.get(name);
    correction.set(
      name,
      own.map((value, index) => (server?.[index] ?? 0) - value),
    );
  }
  return correction;
}

function variates(file: Uint8Array, prefix: string): Map<string, Float32Array> {
  const own = decodeSafetensors(file).tensors.filter(({ name }) => name.startsWith(prefix));
  return new Map(own.map(({ name, data }) => [name.slice(prefix.length), data as Float32Array]));
}
