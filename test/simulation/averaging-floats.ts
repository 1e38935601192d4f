// A planted bug that most federated learning has: the mean is summed in float32 in the order of arrival, so its last bits
// differ.
import { decodeSafetensors, encodeSafetensors } from "../../protocol/format/safetensors.ts";
import type { Tamper } from "./site.ts";

const limits = { maxBytes: 1 << 20 };

/** Proposes the float mean of the updates that the honest code averaged. */
export const averagingFloats: Tamper = ({ ledger, blobs }) => ({
  ledger: {
    ...ledger,
    proposeModel: async (proposal, waiting) => {
      const { base: baseDigest, commitments } = await ledger.round(proposal.round);
      const base = decodeSafetensors(await blobs.get(baseDigest, limits));
      const exact = decodeSafetensors(await blobs.get(proposal.model, limits));
      const arrived = commitments.filter(({ member }) => proposal.included.includes(member));
      const total = arrived.reduce((sum, { sampleCount }) => sum + sampleCount, 0);
      const sums = exact.tensors.map(({ data }) => new Float32Array(data.length));
      for (const { manifest, sampleCount } of arrived) {
        const { update } = JSON.parse(new TextDecoder().decode(await blobs.get(manifest, limits)));
        const { tensors, metadata } = decodeSafetensors(await blobs.get(update, limits));
        const exponents = JSON.parse(metadata["exponents"] ?? "[]") as number[];
        exact.tensors.forEach(({ name }, position) => {
          const integers = tensors.find((each) => each.name === name)?.data ?? new Int16Array(0);
          const sum = sums[position]!;
          const step = 2 ** (exponents[tensors.findIndex((each) => each.name === name)] ?? 0);
          // Every term and every sum is rounded to float32, so the order matters.
          for (let i = 0; i < sum.length; i++) {
            sum[i] = sum[i]! + Math.fround((integers[i]! * step * sampleCount) / total);
          }
        });
      }
      const tensors = exact.tensors.map((tensor, position) => {
        const before = base.tensors.find(({ name }) => name === tensor.name)?.data ?? new Float32Array(0);
        const sum = sums[position]!;
        return { ...tensor, data: sum.map((moved, i) => before[i]! + moved) };
      });
      const model = await blobs.put(encodeSafetensors(tensors, exact.metadata));
      await ledger.proposeModel({ ...proposal, model }, waiting);
    },
  },
});
