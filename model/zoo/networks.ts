// The comparison networks of the source work, by their names on the command line.
import { FedError } from "../../foundation/errors.ts";
import { alexNet } from "./alexnet.ts";
import { c3d } from "./c3d.ts";
import { conv3d } from "./conv3d.ts";
import { denseNet121, denseNet169, denseNet201 } from "./densenet.ts";
import { inceptionV3 } from "./inception-v3.ts";
import { lrcn } from "./lrcn.ts";
import { lstmOverFeatures } from "./lstm.ts";
import { mobileNet } from "./mobilenet.ts";
import { mobileNetV2 } from "./mobilenet-v2.ts";
import { resNet50 } from "./resnet.ts";
import { resNet50V2, resNet152V2 } from "./resnet-v2.ts";
import { vgg16, vgg19 } from "./vgg.ts";
import { xception } from "./xception.ts";
import type { ZooNetwork } from "./zoo-network.ts";

/** In the order of the paper's table, then those of its code. */
export const zoo: readonly ZooNetwork[] = [
  vgg16,
  alexNet,
  xception,
  vgg19,
  resNet50,
  resNet50V2,
  resNet152V2,
  inceptionV3,
  mobileNet,
  mobileNetV2,
  denseNet121,
  denseNet169,
  denseNet201,
  lstmOverFeatures,
  lrcn,
  conv3d,
  c3d,
];

/** @throws ZOO_NETWORK_UNKNOWN */
export function zooNetwork(name: string): ZooNetwork {
  const found = zoo.find((network) => network.name === name);
  if (found) return found;
  throw new FedError("ZOO_NETWORK_UNKNOWN", { name }, { remedy: `take of ${zoo.map((each) => each.name).join(", ")}` });
}
