"""What somebody without us would write to check the same rounds: hashlib, json, eth-account and numpy, all in C."""
import hashlib
import json
import os
import sys
import time

import numpy as np
from eth_account import Account
from eth_account.messages import encode_typed_data

folder, repeats = sys.argv[1], int(sys.argv[2])
fields = [("round", "uint32"), ("hospital", "address"), ("update", "bytes32"), ("sampleCount", "uint32"), ("statement", "bytes32")]
types = {"Manifest": [{"name": name, "type": kind} for name, kind in fields]}


def path(digest):
    return f"{folder}/store/objects/{digest[2:4]}/{digest[4:]}"


def read(digest, hashes):
    """The whole object, its plain SHA-256 held against the list that was made when it was stored."""
    with open(path(digest), "rb") as file:
        content = file.read()
    assert hashlib.sha256(content).hexdigest() == hashes[digest]
    return content


def tensors(content):
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    kinds = {"F32": np.float32, "I16": np.int16}
    found = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        found[name] = np.frombuffer(content, kinds[entry["dtype"]], (end - start) // np.dtype(kinds[entry["dtype"]]).itemsize, 8 + length + start)
    return found, metadata


def statement_digest(statement):
    """The name of a small object: one leaf of the tree, bound to its size."""
    leaf = hashlib.sha256(b"\0" + statement).digest()
    return hashlib.sha256(b"\2" + len(statement).to_bytes(8, "big") + leaf).digest()


def check_signature(manifest):
    signature = manifest.pop("signature")
    statement = json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode()
    assert len(statement) <= 1024
    domain = {"name": "Consilium", "version": "1", "chainId": manifest["chainId"], "verifyingContract": manifest["contract"]}
    message = {name: manifest[name] for name in ("round", "hospital", "sampleCount")}
    message |= {"update": bytes.fromhex(manifest["update"][2:]), "statement": statement_digest(statement)}
    signed = encode_typed_data(domain, types, message)
    assert Account.recover_message(signed, signature=signature).lower() == manifest["hospital"]


def audit(history, hashes):
    plan = base = None
    commitments = []
    for event in history["events"]:
        kind = event["kind"]
        if kind == "round-opened":
            plan = json.loads(read(event["plan"], hashes))
            base = read(event["base"], hashes)
            commitments = []
        elif kind == "update-committed":
            commitments.append(event)
        elif kind == "attested":
            scores = json.loads(read(event["scores"], hashes))
            assert scores["hospital"] == event["member"] and scores["round"] == event["round"]
        elif kind == "model-proposed":
            weights, _ = tensors(base)
            sums = {name: np.zeros(values.shape, np.float64) for name, values in weights.items()}
            total = 0
            for commitment in commitments:
                manifest = json.loads(read(commitment["manifest"], hashes))
                check_signature(manifest)
                assert manifest["sampleCount"] == commitment["sampleCount"] <= plan["sampleCap"]
                integers, metadata = tensors(read(manifest["update"], hashes))
                exponents = dict(zip(sorted(integers), json.loads(metadata["exponents"])))
                squared = 0.0
                for name, values in integers.items():
                    exact = values.astype(np.float64)
                    squared += float(np.dot(exact, exact)) * 2.0 ** (2 * exponents[name])
                    exact *= commitment["sampleCount"]
                    sums[name] += exact
                assert squared**0.5 <= plan["update"]["clipNorm"]
                total += commitment["sampleCount"]
            model, _ = tensors(read(event["model"], hashes))
            for name, values in weights.items():
                derived = (values + sums[name] / total * 2.0 ** exponents[name]).astype(np.float32)
                assert np.array_equal(derived, model[name])


with open(f"{folder}/history.json") as file:
    history = json.load(file)
# The federation's own names are tree roots; a plain hash of each file is what this side would have kept instead.
hashes = {}
for directory, _, names in os.walk(f"{folder}/store/objects"):
    for name in names:
        with open(f"{directory}/{name}", "rb") as file:
            hashes[f"0x{os.path.basename(directory)}{name}"] = hashlib.sha256(file.read()).hexdigest()
seconds = []
for _ in range(repeats):
    started = time.perf_counter()
    audit(history, hashes)
    seconds.append(time.perf_counter() - started)
with open("/proc/self/status") as file:
    peak = next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))
print(json.dumps({"seconds": seconds, "peakBytes": peak, "verified": True}))
