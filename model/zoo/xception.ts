// Xception (Chollet 2017), layer by layer as in Keras's applications.
import type { SymbolicTensor } from "@tensorflow/tfjs-node-gpu";
import { added, batchNorm, convolution, maxPool, relu, separable } from "./layers.ts";
import { mlpHead } from "./mlp-head.ts";
import type { ZooNetwork } from "./zoo-network.ts";

function separableUnit(name: string, x: SymbolicTensor, filters: number): SymbolicTensor {
  return batchNorm(`${name}_bn`, separable(name, x, filters));
}

/** Halves the side; `index` numbers the shortcuts, which have no names in Keras. */
function reduction(
  block: number,
  index: number,
  x: SymbolicTensor,
  [first, second]: readonly [number, number],
  { active = true } = {},
): SymbolicTensor {
  const suffix = index === 0 ? "" : `_${index}`;
  const shortcut = batchNorm(
    `batch_normalization${suffix}`,
    convolution(`conv2d${suffix}`, x, second, 1, { strides: 2 }),
  );
  let y = separableUnit(`block${block}_sepconv1`, active ? relu(x) : x, first);
  y = separableUnit(`block${block}_sepconv2`, relu(y), second);
  return added(maxPool(y, 3, 2, "same"), shortcut);
}

export const xception: ZooNetwork = {
  name: "xception",
  title: "Xception",
  smallest: { side: 71, slices: 1 },
  pretrainedPixels: "symmetric",
  backbone(x) {
    let y = convolution("block1_conv1", x, 32, 3, { strides: 2, padding: "valid" });
    y = relu(batchNorm("block1_conv1_bn", y));
    y = relu(batchNorm("block1_conv2_bn", convolution("block1_conv2", y, 64, 3, { padding: "valid" })));
    y = reduction(2, 0, y, [128, 128], { active: false });
    y = reduction(3, 1, y, [256, 256]);
    y = reduction(4, 2, y, [728, 728]);
    for (let block = 5; block <= 12; block++) {
      const before = y;
      for (const part of [1, 2, 3]) y = separableUnit(`block${block}_sepconv${part}`, relu(y), 728);
      y = added(y, before);
    }
    y = reduction(13, 3, y, [728, 1024]);
    y = relu(separableUnit("block14_sepconv1", y, 1536));
    return relu(separableUnit("block14_sepconv2", y, 2048));
  },
  head: mlpHead,
};
