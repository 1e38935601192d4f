"""What Keras's own networks have and compute, for zoo.test.ts: python keras_zoo.py > keras-zoo.json

Weights and inputs are functions of names and indices, so that both sides make the same ones without a file of weights.
AlexNet, LRCN, conv3d, C3D and the LSTM's head are not in Keras's applications: they are written here from their papers and
from the source work's description, in Keras's layers.
"""
import json
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np
from keras import applications, layers


def noise(name: str, count: int) -> np.ndarray:
    """In [-1, 1): FNV-1a of the name, then murmur3's finaliser over the index."""
    seed = 2166136261
    for byte in name.encode():
        seed = (seed ^ byte) * 16777619 & 0xFFFFFFFF
    x = np.arange(count, dtype=np.uint32) + np.uint32(seed)
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    x = (x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    x = x ^ (x >> np.uint32(16))
    return (x.astype(np.float64) / 2**31 - 1).astype(np.float32)


def weight(name: str, shape: tuple) -> np.ndarray:
    values = noise(name, int(np.prod(shape))).reshape(shape)
    if name.endswith("kernel"):
        inputs = shape[:2] if name.endswith("depthwise_kernel") else shape[:-1]
        return values * np.float32(np.sqrt(3 / np.prod(inputs)))
    if name.endswith(("gamma", "variance")):
        return 1 + values * np.float32(0.25)
    return values * np.float32(0.1)


def names(model):
    """`layer/weight`, where a depthwise kernel is called so (Keras 3 calls it kernel)."""
    for layer in model.layers:
        # Numbers of layers without a name of their own count over the process.
        inner = layer.layer if isinstance(layer, layers.TimeDistributed) else layer
        for variable in layer.weights:
            last = variable.name.split("/")[-1]
            if isinstance(inner, layers.DepthwiseConv2D) and last == "kernel":
                last = "depthwise_kernel"
            yield f"{inner.name}/{last}", variable


def examine(model) -> dict:
    for name, variable in names(model):
        variable.assign(weight(name, tuple(variable.shape)))
    shape = (1, *model.input_shape[1:])
    outputs = np.asarray(model(noise("input", int(np.prod(shape))).reshape(shape), training=False)).ravel()
    step = max(1, outputs.size // 16)
    return {
        "parameters": model.count_params(),
        "input": list(shape[1:]),
        "outputs": [float(f"{value:.7g}") for value in outputs[::step][:16]],
    }


def alexnet():
    return keras.Sequential([
        layers.Input((96, 96, 3)),
        layers.Conv2D(96, 11, 4, activation="relu", name="conv1"),
        layers.MaxPooling2D(3, 2),
        layers.Conv2D(256, 5, padding="same", activation="relu", name="conv2"),
        layers.MaxPooling2D(3, 2),
        layers.Conv2D(384, 3, padding="same", activation="relu", name="conv3"),
        layers.Conv2D(384, 3, padding="same", activation="relu", name="conv4"),
        layers.Conv2D(256, 3, padding="same", activation="relu", name="conv5"),
        layers.MaxPooling2D(3, 2),
        layers.GlobalAveragePooling2D(),
    ])


def mlp_head():
    return keras.Sequential([
        layers.Input((2048,)),
        layers.Dense(512, "relu", name="fc1"),
        layers.Dropout(0.5),
        layers.Dense(512, "relu", name="fc2"),
        layers.Dropout(0.5),
        layers.Dense(2, name="predictions"),
    ])


def lstm_head():
    return keras.Sequential([
        layers.Input((8, 2048)),
        layers.LSTM(2048, dropout=0.5, name="lstm"),
        layers.Dense(512, "relu", name="fc1"),
        layers.Dropout(0.5),
        layers.Dense(2, name="predictions"),
    ])


def lrcn_backbone():
    stack = [
        layers.Input((80, 80, 3)),
        layers.Conv2D(32, 7, 2, padding="same", activation="relu", name="conv1a"),
        layers.Conv2D(32, 3, activation="relu", name="conv1b"),
        layers.MaxPooling2D(2),
    ]
    for stage, filters in enumerate([64, 128, 256, 512], 2):
        for part in "ab":
            stack.append(layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"conv{stage}{part}"))
        stack.append(layers.MaxPooling2D(2))
    return keras.Sequential([*stack, layers.Flatten()])


def lrcn_head():
    return keras.Sequential([
        layers.Input((8, 512)),
        layers.Dropout(0.5),
        layers.LSTM(256, dropout=0.5, name="lstm"),
        layers.Dense(2, name="predictions"),
    ])


def conv3d():
    pool = lambda: layers.MaxPooling3D((1, 2, 2))
    convolution = lambda name, filters, size: layers.Conv3D(filters, size, activation="relu", name=name)
    return keras.Sequential([
        layers.Input((12, 80, 80, 3)),
        convolution("conv1", 32, 3), pool(),
        convolution("conv2", 64, 3), pool(),
        convolution("conv3a", 128, 3), convolution("conv3b", 128, 3), pool(),
        convolution("conv4a", 256, 2), convolution("conv4b", 256, 2), pool(),
        layers.Flatten(),
        layers.Dense(1024, name="fc1"), layers.Dropout(0.5),
        layers.Dense(1024, name="fc2"), layers.Dropout(0.5),
        layers.Dense(2, name="predictions"),
    ])


def c3d():
    stack = [
        layers.Input((16, 48, 48, 3)),
        layers.Conv3D(64, 3, padding="same", activation="relu", name="conv1"),
        layers.MaxPooling3D((1, 2, 2)),
        layers.Conv3D(128, 3, padding="same", activation="relu", name="conv2"),
        layers.MaxPooling3D(2),
    ]
    for stage, filters in [(3, 256), (4, 512), (5, 512)]:
        for part in "ab":
            stack.append(layers.Conv3D(filters, 3, padding="same", activation="relu", name=f"conv{stage}{part}"))
        if stage == 5:
            stack.append(layers.ZeroPadding3D(((0, 0), (0, 1), (0, 1))))
        stack.append(layers.MaxPooling3D(2))
    return keras.Sequential([
        *stack,
        layers.Flatten(),
        layers.Dense(4096, "relu", name="fc6"), layers.Dropout(0.5),
        layers.Dense(4096, "relu", name="fc7"), layers.Dropout(0.5),
        layers.Dense(2, name="predictions"),
    ])


backbones = {
    "vgg16": applications.VGG16, "vgg19": applications.VGG19, "xception": applications.Xception,
    "resnet50": applications.ResNet50, "resnet50v2": applications.ResNet50V2, "resnet152v2": applications.ResNet152V2,
    "inceptionv3": applications.InceptionV3, "mobilenet": applications.MobileNet, "mobilenetv2": applications.MobileNetV2,
    "densenet121": applications.DenseNet121, "densenet169": applications.DenseNet169, "densenet201": applications.DenseNet201,
}
others = {
    "alexnet": alexnet, "lrcn": lrcn_backbone,
    "mlp head": mlp_head, "lstm head": lstm_head, "lrcn head": lrcn_head, "conv3d head": conv3d, "c3d head": c3d,
}
found = {}
for name, build in backbones.items():
    keras.backend.clear_session()
    found[name] = examine(build(include_top=False, weights=None, input_shape=(96, 96, 3), pooling="avg"))
for name, build in others.items():
    keras.backend.clear_session()
    found[name] = examine(build())
print(json.dumps({"keras": keras.__version__, "networks": found}, indent=2))
