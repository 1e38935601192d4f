"""The capsule network in Python TensorFlow, from the same weights: what the TypeScript must agree with and keep up with.

usage: network.py SPEC.json WEIGHTS.safetensors OUT.safetensors
SPEC is {preset, variant, normalisation: none|batch-local, reconstruction, scans, slices, side, channels}. Scans are
x[i] = (i * 7919 % 1009) / 1009; labels alternate. Writes lengths, loss, each gradient ("d/NAME") and each weight after
one step of SGD with Nesterov momentum ("w/NAME"). Then, for each line "step N" or "infer N" on standard input, prints
the milliseconds of each of N runs as a JSON list, and at its end the peak memory in bytes.
"""
import json
import os
import resource
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
import numpy as np
import tensorflow as tf
from safetensors.numpy import load_file, save_file

spec = json.load(open(sys.argv[1]))
preset, paper, norm = spec["preset"], spec["variant"] == "paper", spec["normalisation"]
scans, slices, side, channels = spec["scans"], spec["slices"], spec["side"], spec["channels"]
middle = 32 if preset == "iv3" else 8
softness = 0.5 if paper else 1.0
moments = ("/mean", "/variance")
w = {name: tf.Variable(value, trainable=not name.endswith(moments)) for name, value in load_file(sys.argv[2]).items()}
trainable = {name: variable for name, variable in w.items() if variable.trainable}
flat = np.arange(scans * slices * side * side * channels, dtype=np.int64) * 7919 % 1009
x = tf.constant((flat / 1009).astype(np.float32).reshape(scans, slices, side, side, channels))
targets = tf.one_hot([i % 2 for i in range(scans)], 2)
grey = np.arange(256)[:, None] / 255
ranges = tf.constant(np.maximum(0, 1 - np.abs(grey * 7 - np.arange(8))).astype(np.float32))


def unit(name, y, strides=1, padding="SAME", training=True):
    y = tf.nn.conv2d(y, w[name + "/kernel"], strides, padding)
    if norm == "none":
        return tf.nn.relu(tf.nn.bias_add(y, w[name + "/bias"]))
    beta, ones = w[name + "/beta"], tf.ones(y.shape[-1])
    if not training:
        mean, variance = w[name + "/mean"], w[name + "/variance"]
        y, *_ = tf.compat.v1.nn.fused_batch_norm(y, ones, beta, mean, variance, 1e-3, is_training=False)
        return tf.nn.relu(y)
    y, mean, variance = tf.compat.v1.nn.fused_batch_norm(y, ones, beta, epsilon=1e-3)
    w[name + "/mean"].assign(0.9 * w[name + "/mean"] + 0.1 * mean)
    w[name + "/variance"].assign(0.9 * w[name + "/variance"] + 0.1 * variance)
    return tf.nn.relu(y)


def small_block(m, y, unit):
    five = unit(m + "5x5b", unit(m + "5x5a", unit(m + "5x5reduce", y)))
    pool = unit(m + "pool", tf.nn.avg_pool2d(y, 3, 1, "SAME"))
    return [unit(m + "1x1", y), unit(m + "3x3", unit(m + "3x3reduce", y)), five, pool]


def compact(x, unit):
    y = tf.gather(ranges, tf.cast(tf.round(x * 255), tf.int32))
    y = tf.reshape(y, [-1, side, side, 8 * channels])
    y = tf.nn.max_pool2d(unit("stem/b", unit("stem/a", y, 2)), 2, 2, "SAME")
    return tf.concat(small_block("mixed0/", y, unit), 3)


def standard(x, unit):
    y = tf.nn.max_pool2d(compact(x, unit), 2, 2, "SAME")
    return tf.concat([y, *small_block("mixed1/", y, unit)], 3)


def inception_v3(y, unit):
    def chain(y, block, *names):
        for name in names:
            y = unit(block + name, y)
        return y

    halve = lambda y: tf.nn.max_pool2d(y, 3, 2, "VALID")
    averaged = lambda y: tf.nn.avg_pool2d(y, 3, 1, "SAME")
    y = unit("stem/b", unit("stem/a", y, 2, "VALID"), 1, "VALID")
    y = halve(unit("stem/c", y))
    y = halve(unit("stem/e", unit("stem/d", y, 1, "VALID"), 1, "VALID"))
    for index in range(3):
        m = f"mixed{index}/"
        double = chain(y, m, "3x3reduce", "3x3a", "3x3b")
        y = tf.concat([unit(m + "1x1", y), chain(y, m, "5x5reduce", "5x5"), double, unit(m + "pool", averaged(y))], 3)
    double = unit("mixed3/doubleb", chain(y, "mixed3/", "doublereduce", "doublea"), 2, "VALID")
    y = tf.concat([unit("mixed3/3x3", y, 2, "VALID"), double, halve(y)], 3)
    for index in range(4, 8):
        m = f"mixed{index}/"
        double = chain(y, m, "doublereduce", "doublea", "doubleb", "doublec", "doubled")
        seven = chain(y, m, "7x7reduce", "7x7a", "7x7b")
        y = tf.concat([unit(m + "1x1", y), seven, double, unit(m + "pool", averaged(y))], 3)
    three = unit("mixed8/3x3", unit("mixed8/3x3reduce", y), 2, "VALID")
    seven = unit("mixed8/7x7c", chain(y, "mixed8/", "7x7reduce", "7x7a", "7x7b"), 2, "VALID")
    y = tf.concat([three, seven, halve(y)], 3)
    for m in ("mixed9/", "mixed10/"):
        split = unit(m + "3x3reduce", y)
        double = chain(y, m, "doublereduce", "double")
        ends = [(split, "1x3"), (split, "3x1"), (double, "double1x3"), (double, "double3x1")]
        parts = [unit(m + name, part) for part, name in ends]
        y = tf.concat([unit(m + "1x1", y), *parts, unit(m + "pool", averaged(y))], 3)
    return y


def squash(s):
    squared = tf.reduce_sum(tf.square(s), -1, keepdims=True)
    return s * tf.sqrt(squared + 1e-7) / (softness + squared)


def capsules(u, weights, count):
    u_hat = tf.einsum("nid,djk->njik", u, tf.reshape(weights, [u.shape[-1], count, -1]))
    b = tf.zeros(u_hat.shape[:3])
    for iteration in range(3):
        c = tf.nn.softmax(b, axis=1)
        v = squash(tf.einsum("nji,njik->njk", c, u_hat))
        if iteration < 2:
            agreement = tf.einsum("njik,njk->nji", u_hat, v)
            b = agreement if paper else b + agreement
    return v


def classes_of(x, training=True):
    at = lambda *args: unit(*args, training=training)
    y = tf.reshape(x, [-1, side, side, channels])
    maps = {"compact": compact, "standard": standard, "iv3": inception_v3}[preset](y, at)
    features = (tf.reduce_mean if preset == "iv3" else tf.reduce_max)(maps, [1, 2])
    u = tf.reshape(features, [scans, slices, -1])
    return capsules(capsules(u, w["capsules/slices"], middle), w["capsules/classes"], 2)


def lengths_of(v):
    return tf.sqrt(tf.reduce_sum(tf.square(v), -1) + 1e-7)


def margin_loss(p):
    present = targets * tf.square(tf.nn.relu(0.9 - p))
    return tf.reduce_mean(tf.reduce_sum(present + 0.5 * (1 - targets) * tf.square(tf.nn.relu(p - 0.1)), 1))


def reconstruction_loss(v):
    dense = lambda name, y: tf.matmul(y, w[f"decoder/{name}/kernel"]) + w[f"decoder/{name}/bias"]
    y = tf.reshape(v * targets[:, :, None], [scans, -1])
    y = tf.sigmoid(dense("pixels", tf.nn.relu(dense("b", tf.nn.relu(dense("a", y))))))
    to = 28 if preset == "iv3" else 16
    # Each pixel of the thumbnail is the mean of the area that it covers: pixels repeated, then averaged in blocks.
    fine = tf.repeat(tf.repeat(tf.reduce_mean(x, [1, 4]), to, 1), to, 2)
    small = tf.reduce_mean(tf.reshape(fine, [scans, to, side, to, side]), [2, 4])
    return 0.0005 * tf.reduce_mean(tf.reduce_sum(tf.square(y - tf.reshape(small, [scans, -1])), 1))


optimiser = tf.keras.optimizers.SGD(0.01, momentum=0.9, nesterov=True)
optimiser.build(list(trainable.values()))


@tf.function
def gradients(x):
    with tf.GradientTape() as tape:
        v = classes_of(x)
        loss = margin_loss(lengths_of(v))
        if spec["reconstruction"]:
            loss += reconstruction_loss(v)
    return loss, tape.gradient(loss, list(trainable.values()))


@tf.function
def step(x):
    loss, grads = gradients(x)
    optimiser.apply_gradients(zip(grads, trainable.values()))
    return loss


infer = tf.function(lambda x: lengths_of(classes_of(x, False)))
out = {"lengths": infer(x).numpy()}
loss, grads = gradients(x)
out["loss"] = np.array([loss.numpy()])
out.update({"d/" + name: gradient.numpy() for name, gradient in zip(trainable, grads)})
step(x)
out.update({"w/" + name: variable.numpy() for name, variable in trainable.items()})
save_file(out, sys.argv[3])
print("ready", flush=True)
for line in sys.stdin:
    kind, count = line.split()
    work, taken = {"step": step, "infer": infer}[kind], []
    for _ in range(int(count)):
        start = time.perf_counter()
        work(x).numpy()
        taken.append((time.perf_counter() - start) * 1e3)
    print(json.dumps(taken), flush=True)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, flush=True)
