"""Flower's side of the aggregation benchmark: the same arrays, in memory as its server has them, averaged by its code."""
import hashlib
import json
import sys
import time

import numpy as np
from flwr.app import Array, ArrayRecord, MetricRecord, RecordDict
from flwr.serverapp.strategy.strategy_utils import aggregate_arrayrecords

folder, repeats = sys.argv[1], int(sys.argv[2])


def read(name):
    with open(f"{folder}/{name}", "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
        metadata = header.pop("__metadata__", {})
        types = {"F32": np.float32, "I16": np.int16}
        tensors = {}
        for name, entry in header.items():
            start, end = entry["data_offsets"]
            file.seek(8 + length + start)
            tensors[name] = np.frombuffer(file.read(end - start), types[entry["dtype"]]).reshape(entry["shape"])
    return tensors, metadata


def peak_bytes():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))


def digest(record):
    return hashlib.sha256(b"".join(record[name].numpy().tobytes() for name in sorted(record))).hexdigest()


with open(f"{folder}/counts.json") as file:
    counts = json.load(file)
with open("/proc/self/clear_refs", "w") as file:
    file.write("5")
idle = peak_bytes()
base, _ = read("base.safetensors")
records = []
for index, count in enumerate(counts):
    integers, metadata = read(f"update-{index}.safetensors")
    steps = dict(zip(sorted(integers), json.loads(metadata["exponents"])))
    arrays = {}
    for name in sorted(integers):
        weights = integers[name].astype(np.float32)
        weights *= np.float32(2.0 ** steps[name])
        weights += base[name]
        arrays[name] = Array(weights)
    records.append(RecordDict({"arrays": ArrayRecord(arrays), "metrics": MetricRecord({"num-examples": count})}))
    del arrays, weights, integers
del base
with open("/proc/self/clear_refs", "w") as file:
    file.write("5")
seconds = []
for _ in range(repeats):
    started = time.perf_counter()
    result = aggregate_arrayrecords(records, "num-examples")
    seconds.append(time.perf_counter() - started)
first = digest(result)
peak = peak_bytes()
permuted = digest(aggregate_arrayrecords(records[::-1], "num-examples"))
print(json.dumps({"seconds": seconds, "peakBytes": peak, "idleBytes": idle, "orderChangesBytes": permuted != first}))
