// Errors of training, predicting and the networks.
import { entriesOf } from "./kinds.ts";

export const trainingErrors = entriesOf("training", {
  UPDATE_NOT_MADE: "free memory on this machine: the training is repeated from its last step",
  BATCH_FAILED: "free memory on this machine, or take a smaller batch",
  CHECKPOINT_MISMATCH: "delete the checkpoint: the training begins anew",
  CONTEST_ONE_CLASS: "import more patients, so that each split has some of both classes",
  CONTEST_SPLIT_EMPTY: "import more patients, so that each split has some of both classes",
  FOLDS_TOO_MANY: "take fewer folds, or an archive with more patients of each class",
  FOLD_DAMAGED: "remove the file: it is made again",
  GRAPH_NOT_CLOSED: "report this to the developers: the network's graph reads a value from outside",
  KERNEL_FAILED: "run the set-up again: TensorFlow's library does not fit this program",
  LEARNER_CLOSED: "start the node again: its trainer process has been stopped",
  LEARNER_CRASHED: "free memory if this happens often: the trainer process is started again",
  LEARNER_FAILED: "read the node's log for the trainer's own error",
  LEARNER_HUNG: "check the machine's load: the trainer process stopped answering and is started again",
  LOCAL_WEIGHTS_UNAVAILABLE: "predict at the hospital, through its node: batch norm's weights stay there (FedBN)",
  LOSS_NOT_FINITE: "lower the learning rate, or look for pixels that are not numbers",
  MODEL_UNREADABLE: "check the path of the model",
  MODEL_UNSUPPORTED: "give a model of a federation",
  NO_TRAINING_SCANS: "import labelled scans first",
  SEGMENT_SIDE: "take a side that is a multiple of the network's step",
  SEGMENT_WEIGHTS: "give a file that consilium segment wrote",
  SEGMENT_WINDOW: "import again with the lung window first, as in --windows lung,mediastinum",
  STRATEGY_NEEDS_SGD:
    "plan for training.optimiser sgd: SCAFFOLD's control variates are means of gradients, which Adam rescales",
  ZOO_INPUT_TOO_SMALL: "give larger slices, or more of them",
  ZOO_NETWORK_UNKNOWN: "give a network that consilium baselines --help lists",
  ZOO_NOT_PRETRAINED: "train from scratch: leave out --weights",
  ZOO_WEIGHTS_GREY: "import one window: pretrained backbones take grey slices",
});
