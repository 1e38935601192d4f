"""The compact preset in Python TensorFlow, from the same weights: what the TypeScript must agree with and keep up with.

usage: compact.py WEIGHTS.safetensors SCANS SLICES SIDE STEPS
Scans are x[i] = (i * 7919 % 1009) / 1009; labels alternate. Prints lengths, loss and gradients' norms of the first
batch, then milliseconds (median) of a training step (SGD) and of inference, as one JSON object.
"""
import json
import os
import resource
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
import numpy as np
import tensorflow as tf
from safetensors.numpy import load_file

path, scans, slices, side, steps = sys.argv[1], *map(int, sys.argv[2:6])
names = load_file(path)
w = {name: tf.Variable(value) for name, value in names.items()}
flat = np.arange(scans * slices * side * side, dtype=np.int64) * 7919 % 1009
x = tf.constant((flat / 1009).astype(np.float32).reshape(scans, slices, side, side, 1))
targets = tf.one_hot([i % 2 for i in range(scans)], 2)


def unit(name, y, strides=1):
    y = tf.nn.conv2d(y, w[name + "/kernel"], strides, "SAME")
    return tf.nn.relu(tf.nn.bias_add(y, w[name + "/bias"]))


def squash(s):
    squared = tf.reduce_sum(tf.square(s), -1, keepdims=True)
    return s * tf.sqrt(squared + 1e-7) / (1 + squared)


def capsules(u, weights, count):
    u_hat = tf.einsum("nid,djk->njik", u, tf.reshape(weights, [u.shape[-1], count, -1]))
    b = tf.zeros(u_hat.shape[:3])
    for iteration in range(3):
        c = tf.nn.softmax(b, axis=1)
        v = squash(tf.einsum("nji,njik->njk", c, u_hat))
        if iteration < 2:
            b += tf.einsum("njik,njk->nji", u_hat, v)
    return v


def lengths_of(x):
    y = tf.reshape(x, [-1, side, side, 1])
    y = tf.nn.relu(1 - tf.abs(7 * y - tf.range(8.0)))
    y = unit("stem/b", unit("stem/a", y, 2))
    y = tf.nn.max_pool2d(y, 2, 2, "SAME")
    at = lambda branch: "mixed0/" + branch
    five = unit(at("5x5b"), unit(at("5x5a"), unit(at("5x5reduce"), y)))
    pool = unit(at("pool"), tf.nn.avg_pool2d(y, 3, 1, "SAME"))
    y = tf.concat([unit(at("1x1"), y), unit(at("3x3"), unit(at("3x3reduce"), y)), five, pool], 3)
    u = tf.reshape(tf.reduce_max(y, [1, 2]), [scans, slices, -1])
    v = capsules(capsules(u, w["capsules/slices"], 8), w["capsules/classes"], 2)
    return tf.sqrt(tf.reduce_sum(tf.square(v), -1) + 1e-7)


def margin_loss(p):
    present = targets * tf.square(tf.nn.relu(0.9 - p))
    return tf.reduce_mean(tf.reduce_sum(present + 0.5 * (1 - targets) * tf.square(tf.nn.relu(p - 0.1)), 1))


@tf.function
def gradients(x):
    with tf.GradientTape() as tape:
        loss = margin_loss(lengths_of(x))
    return loss, tape.gradient(loss, list(w.values()))


@tf.function
def step(x):
    loss, grads = gradients(x)
    for variable, gradient in zip(w.values(), grads):
        variable.assign_sub(1e-6 * gradient)
    return loss


infer = tf.function(lengths_of)


def milliseconds(work):
    work(x)
    taken = []
    for _ in range(steps):
        start = time.perf_counter()
        work(x).numpy()
        taken.append((time.perf_counter() - start) * 1e3)
    return float(np.median(taken))


loss, grads = gradients(x)
print(
    json.dumps(
        {
            "lengths": infer(x).numpy().flatten().tolist(),
            "loss": float(loss),
            "gradientNorms": {name: float(tf.norm(g)) for name, g in zip(w, grads)},
            "stepMs": milliseconds(step),
            "inferMs": milliseconds(infer),
            "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }
    )
)
