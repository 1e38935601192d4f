"""Flower's side of the private benchmark: its SecAgg+ functions, called as its client and its workflow call them, for ten
clients of which each is a neighbour of all others."""
import json
import os
import sys
import time

import numpy as np
from flwr.common import bytes_to_ndarray, ndarray_to_bytes
from flwr.common.secure_aggregation.ndarrays_arithmetic import (
    parameters_addition,
    parameters_mod,
    parameters_subtraction,
)
from flwr.common.secure_aggregation.secaggplus_utils import pseudo_rand_gen

file, clients, repeats = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
modulus = 1 << 32
vector = [np.fromfile(file, "<i4")]
shapes = [vector[0].shape]
seeds = [os.urandom(32) for _ in range(clients)]
shared = {(a, b): os.urandom(32) for a in range(clients) for b in range(a)}


def mask(client):
    masked = parameters_addition(vector, pseudo_rand_gen(seeds[client], modulus, shapes))
    for other in range(clients):
        if other == client:
            continue
        pairwise = pseudo_rand_gen(shared[max(client, other), min(client, other)], modulus, shapes)
        combine = parameters_addition if client > other else parameters_subtraction
        masked = combine(masked, pairwise)
    return [ndarray_to_bytes(array) for array in parameters_mod(masked, modulus)]


def unmask(messages):
    total = None
    for message in messages:
        arrays = [bytes_to_ndarray(data) for data in message]
        total = arrays if total is None else parameters_addition(total, arrays)
    total = parameters_mod(total, modulus)
    for seed in seeds:
        total = parameters_subtraction(total, pseudo_rand_gen(seed, modulus, shapes))
    return parameters_mod(total, modulus)


def timed(work):
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def peak_bytes():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


masks = [timed(lambda client=client: mask(client)) for client in range(clients)]
unmasks = [timed(lambda: unmask([message for _, message in masks])) for _ in range(repeats)]
assert np.array_equal(unmasks[0][1][0], (vector[0].astype(np.int64) * clients) % modulus)
print(json.dumps({
    "maskSeconds": min(seconds for seconds, _ in masks),
    "unmaskSeconds": min(seconds for seconds, _ in unmasks),
    "peakBytes": peak_bytes(),
}))
