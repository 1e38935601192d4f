"""Audits the arithmetic of a private round that was written to a folder, from docs/protocol.md alone: another language, other
algorithms (matrices for transforms, affine-free curve formulas of its own), no code shared with protocol/private.

usage: python3 audit_private_round.py FOLDER
The folder has round.json, key.json, base.safetensors, and for each included hospital deal-<i>.json and masked-<i>.safetensors.
A round of buckets has in round.json their number, all members, and the rule over their means.
Prints one JSON object: digest and largest error of each opened sum, whether it is sound, and the next model's digest.
"""
import hashlib
import json
import math
import sys
from pathlib import Path

import numpy as np

N = 2048
RINGS = {
    "L16": ([(61441, 19), (40961, 28)], 16, 410),
    "L24": ([(61441, 19), (40961, 28), (12289, 41)], 24, 615),
}


def require(holds, what):
    if not holds:
        raise SystemExit(f"does not hold: {what}")


# Names of objects

def tree(leaves):
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + tree(leaves[:split]) + tree(leaves[split:])).digest()


def digest(data):
    leaf = 16384 if len(data) > 2 ** 20 else 1024
    leaves = [hashlib.sha256(b"\x00" + data[at:at + leaf]).digest() for at in range(0, len(data), leaf)]
    root = tree(leaves) if leaves else hashlib.sha256(b"").digest()
    return "0x" + hashlib.sha256(b"\x02" + len(data).to_bytes(8, "big") + root).hexdigest()


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def read_canonical(path):
    data = path.read_bytes()
    value = json.loads(data)
    require(canonical(value) == data, f"{path.name} is canonical")
    return value, data


# Key streams: AES-256-CTR (FIPS 197), many blocks at a time

def aes_tables():
    sbox, p, q = [0] * 256, 1, 1
    while True:
        p = p ^ (p << 1) & 0xFF ^ (0x1B if p & 0x80 else 0)
        q ^= q << 1
        q ^= q << 2
        q ^= q << 4
        q &= 0xFF
        if q & 0x80:
            q ^= 0x09
        rotated = [q << k & 0xFF | q >> (8 - k) for k in range(1, 5)]
        sbox[p] = q ^ rotated[0] ^ rotated[1] ^ rotated[2] ^ rotated[3] ^ 0x63
        if p == 1:
            break
    sbox[0] = 0x63
    double = [value << 1 & 0xFF ^ (0x1B if value & 0x80 else 0) for value in range(256)]
    return np.array(sbox, np.uint8), np.array(double, np.uint8)


SBOX, DOUBLE = aes_tables()
SHIFT = np.array([(4 * (column + row) + row) % 16 for column in range(4) for row in range(4)])


def round_keys(key):
    words = [list(key[4 * i:4 * i + 4]) for i in range(8)]
    constant = 1
    for i in range(8, 60):
        word = list(words[i - 1])
        if i % 8 == 0:
            word = [int(SBOX[byte]) for byte in word[1:] + word[:1]]
            word[0] ^= constant
            constant = constant << 1 & 0xFF ^ (0x1B if constant & 0x80 else 0)
        elif i % 8 == 4:
            word = [int(SBOX[byte]) for byte in word]
        words.append([a ^ b for a, b in zip(words[i - 8], word)])
    return np.array(words, np.uint8).reshape(15, 16)


def key_stream(key, start, blocks):
    """Blocks of the stream, from block `start` on."""
    keys = round_keys(key)
    counters = np.zeros((blocks, 16), np.uint8)
    counters[:, 8:] = np.arange(start, start + blocks, dtype=">u8").view(np.uint8).reshape(blocks, 8)
    state = counters ^ keys[0]
    for number in range(1, 15):
        state = SBOX[state][:, SHIFT]
        if number < 14:
            a = state.reshape(-1, 4, 4)
            all_four = a[:, :, 0] ^ a[:, :, 1] ^ a[:, :, 2] ^ a[:, :, 3]
            mixed = a ^ all_four[:, :, None] ^ DOUBLE[a ^ np.roll(a, -1, axis=2)]
            state = mixed.reshape(-1, 16)
        state = state ^ keys[number]
    return state.reshape(-1)


require(key_stream(bytes(32), 0, 1).tobytes().hex() == "dc95c078a2408989ad48a21492842087", "AES-256 of FIPS 197")


def public_residues(text, prime, count):
    key, found, at = hashlib.sha256(text.encode()).digest(), [], 0
    limit = prime * (65536 // prime)
    while sum(map(len, found)) < count:
        numbers = key_stream(key, at, 8192).view("<u2")
        at += 8192
        found.append(numbers[numbers < limit].astype(np.int64) % prime)
    return np.concatenate(found)[:count]


# Transforms: a matrix of powers. Every sum is below 2^43, so float64 products are exact.

def brv(index):
    return int(f"{index:011b}"[::-1], 2)


def coefficients_of(slots, prime, root):
    powers = np.array([pow(root, -e % (prime - 1), prime) for e in range(2 * N)], np.int64)
    exponents = (np.arange(N)[:, None] * np.array([2 * brv(i) + 1 for i in range(N)])[None, :]) % (2 * N)
    matrix = powers[exponents].astype(np.float64)
    products = (matrix @ slots.reshape(-1, N).T.astype(np.float64)).T.astype(np.int64) % prime
    return products * pow(N, -1, prime) % prime


# ristretto255 (RFC 9496), on the curve -x^2 + y^2 = 1 + d x^2 y^2 in extended coordinates

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)


def negative(x):
    return x % P & 1


def absolute(x):
    return (-x if negative(x) else x) % P


def sqrt_ratio(u, v):
    r = u * v**3 * pow(u * v**7 % P, (P - 5) // 8, P) % P
    check = v * r * r % P
    square = check == u % P
    if check in (-u % P, -u * SQRT_M1 % P):
        r = r * SQRT_M1 % P
    return square or check == -u % P, absolute(r)


INVSQRT_A_MINUS_D = sqrt_ratio(1, -1 - D)[1]
SQRT_AD_MINUS_ONE = next(r for r in [sqrt_ratio(-D - 1, 1)[1]])
# RFC 9496 takes the root whose value ends in ...1235; its sign is fixed there.
if SQRT_AD_MINUS_ONE != 25063068953384623474111414158702152701244531502492656460079210482610430750235:
    SQRT_AD_MINUS_ONE = P - SQRT_AD_MINUS_ONE


def decode(data):
    s = int.from_bytes(data, "little")
    require(s < P and not negative(s), "an encoded point is canonical")
    u1, u2 = (1 - s * s) % P, (1 + s * s) % P
    v = (-D * u1 * u1 - u2 * u2) % P
    square, inverse = sqrt_ratio(1, v * u2 * u2)
    x = absolute(2 * s * inverse * u2)
    y = u1 * inverse * inverse * u2 * v % P
    t = x * y % P
    require(square and not negative(t) and y != 0, "an encoding is of a point")
    return x, y, 1, t


def equal(a, b):
    return (a[0] * b[1] - a[1] * b[0]) % P == 0 or (a[1] * b[1] - a[0] * b[0]) % P == 0


def add(a, b):
    x1, y1, z1, t1 = a
    x2, y2, z2, t2 = b
    e = (y1 - x1) * (y2 - x2) % P
    f = (y1 + x1) * (y2 + x2) % P
    g, h = 2 * D * t1 * t2 % P, 2 * z1 * z2 % P
    p, q, r, s = f - e, h - g, h + g, f + e
    return p * q % P, r * s % P, q * r % P, p * s % P


ZERO = (0, 1, 1, 0)


def element(t):
    r = SQRT_M1 * t * t % P
    u, c = (r + 1) * (1 - D * D) % P, -1
    v = (c - r * D) * (r + D) % P
    square, s = sqrt_ratio(u, v)
    if not square:
        s, c = -absolute(s * t), r
    n = (c * (r - 1) * pow(D - 1, 2, P) - v) % P
    w0, w1 = 2 * s * v % P, n * SQRT_AD_MINUS_ONE % P
    w2, w3 = (1 - s * s) % P, (1 + s * s) % P
    return w0 * w3 % P, w2 * w1 % P, w1 * w3 % P, w0 * w2 % P


def generator(name):
    data = hashlib.sha512(f"consilium/private/1/generator/{name}".encode()).digest()
    halves = [int.from_bytes(data[at:at + 32], "little") % 2**255 for at in (0, 32)]
    return add(element(halves[0]), element(halves[1]))


def multiply_all(points, scalars):
    total = ZERO
    for bit in reversed(range(253)):
        total = add(total, total)
        for point, scalar in zip(points, scalars):
            if scalar >> bit & 1:
                total = add(total, point)
    return total


# safetensors

def read_tensors(data):
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + length])
    metadata = header.pop("__metadata__", {})
    types = {"F32": "<f4", "U16": "<u2"}
    tensors = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        values = np.frombuffer(data[8 + length + start:8 + length + end], types[entry["dtype"]])
        tensors[name] = values.reshape(entry["shape"])
    return tensors, metadata


def write_tensors(tensors, metadata, dtype):
    header, end = {}, 0
    if metadata:
        header["__metadata__"] = dict(sorted(metadata.items()))
    for name in sorted(tensors):
        size = tensors[name].nbytes
        header[name] = {"dtype": dtype, "shape": list(tensors[name].shape), "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % 1024)
    return len(text).to_bytes(8, "little") + text + b"".join(tensors[name].tobytes() for name in sorted(tensors))


def deals_of(folder, info, holders):
    """Digest and first commitment of each included hospital's deal."""
    threshold = holders - (holders - 1) // 3
    found = []
    for index, hospital in enumerate(info["included"]):
        deal, data = read_canonical(folder / f"deal-{index}.json")
        said = {"version": 1, "kind": "deal", "hospital": hospital, "ring": info["ring"], **same_round(info)}
        require(all(deal[field] == value for field, value in said.items()), "a deal is of this round and hospital")
        require(len(deal["commitments"]) == threshold and len(deal["boxes"]) == holders, "a deal has the threshold")
        found.append((digest(data), [decode(bytes.fromhex(text[2:])) for text in deal["commitments"]][0]))
    return found


def same_round(info):
    return {name: info[name] for name in ("chainId", "contract", "round")}


def text_of(info, purpose, *parts):
    return "/".join(map(str, ["consilium/private/1", purpose, *same_round(info).values(), *parts]))


def numbers_below(text):
    """A function that draws uniform numbers below a bound from a public stream."""
    key, at, left = hashlib.sha256(text.encode()).digest(), 0, []

    def below(bound):
        nonlocal at, left
        while True:
            if not left:
                left = [int(number) for number in key_stream(key, at, 256).view("<u4")]
                at += 256
            number = left.pop(0)
            if number < bound * (2**32 // bound):
                return number % bound

    return below


def drawn_buckets(info, base):
    members, count = info["members"], info["buckets"]
    require(len(members) >= 4 * count, "no bucket is of fewer than four hospitals")
    places, below = list(range(len(members))), numbers_below(text_of(info, "buckets", digest(base)))
    for i in range(len(members) - 1, 0, -1):
        j = below(i + 1)
        places[i], places[j] = places[j], places[i]
    small, larger, buckets = *divmod(len(members), count), []
    for bucket in range(count):
        size = small + (1 if bucket < larger else 0)
        buckets.append([members[place] for place in sorted(places[:size])])
        places = places[size:]
    return buckets


def opened_buckets(info, base):
    """Places in `included` of each opened bucket's hospitals."""
    opened = []
    for drawn in drawn_buckets(info, base):
        there = [place for place, hospital in enumerate(info["included"]) if hospital in drawn]
        if len(there) >= 2 * len(drawn) // 3 + 1:
            opened.append(there)
    require(len(opened) > info["buckets"] // 2, "enough buckets are opened")
    return opened


def sum_of(info, masked, commitments, data):
    """The sum of some hospitals' inputs and its largest error, from the key's bytes for it."""
    primes, bits, count = RINGS[info["ring"]]
    q = math.prod(prime for prime, _ in primes)
    delta = q >> bits
    blocks = -(-info["coordinates"] // N)
    constants = ZERO
    for point in commitments:
        constants = add(constants, point)
    scalars = [int.from_bytes(data[at:at + 32], "little") for at in range(0, len(data), 32)]
    require(all(scalar < L for scalar in scalars), "scalars are below the order")
    points = [generator(s) for s in range(count)] + [generator("blinding")]
    require(equal(multiply_all(points, scalars), constants), "the key opens the sum of the commitments")

    fields = [scalar >> 24 * field & 0xFFFFFF for scalar in scalars[:-1] for field in range(10)]
    require(all(scalar >> 240 == 0 for scalar in scalars[:-1]), "no bits above the fields")
    require(not any(fields[N * len(primes):]), "unused fields are 0")

    value, modulus = np.zeros(blocks * N, object), 1
    for place, (prime, root) in enumerate(primes):
        slots = np.array(fields[N * place:N * (place + 1)], np.int64)
        require(slots.max() <= len(masked) * (prime - 1), "fields are sums of residues")
        total = np.zeros(blocks * N, np.int64)
        for tensors in masked:
            residues = tensors[str(prime)].astype(np.int64)
            require(residues.shape == (blocks * N,) and residues.max() < prime, "residues are below their prime")
            total += residues
        public = public_residues(text_of(info, "public polynomials", prime), prime, blocks * N).reshape(-1, N)
        masks = coefficients_of(public * (slots % prime)[None, :] % prime, prime, root).reshape(-1)
        residue = (total - masks) % prime
        # Chinese remainders, in integers of any length.
        value = value + modulus * ((residue - value) * pow(modulus, -1, prime) % prime)
        modulus *= prime
    value = value[:info["coordinates"]]
    value = np.where(value * 2 > q, value - q, value)
    total = np.array([(2 * v + delta) // (2 * delta) for v in value], np.int64)
    return total, max(abs(int(v) - delta * int(s)) for v, s in zip(value, total))


def segments_of(base, exponents):
    """Name, first coordinate, length and exponent of each tensor, in flat order."""
    at = 0
    for name, exponent in zip(sorted(base), exponents):
        yield name, at, base[name].size, exponent
        at += base[name].size


def is_too_long(info, total, hospitals, segments):
    """Whether a sum without noise is longer than its hospitals' updates can be."""
    squares = sum(float(np.sum(total[at:at + length].astype(np.float64) ** 2)) * 4.0**e for _, at, length, e in segments)
    return math.sqrt(squares) > hospitals * info["clipNorm"] * (1 + 2**-20)


def next_exponent(info, part, hospitals, exponent):
    squares = float(np.cumsum(part * part)[-1])
    if squares == 0:
        return exponent
    mantissa, power = math.frexp(16 * math.sqrt(squares / part.size / hospitals) / info["largest"])
    return max(-60, min(24, exponent + (power - 1 if mantissa == 0.5 else power)))


def middle(info, means):
    """The mean of what is left of each coordinate when the smallest and largest means are left out."""
    count = len(means)
    cut = (count - 1) // 2 if info["rule"] == "median" else min(info["byzantine"], (count - 1) // 2)
    left = np.sort(np.array(means), axis=0)[cut:count - cut]
    return left.sum(axis=0).astype(np.float64) / len(left)


def main(folder):
    info = json.loads((folder / "round.json").read_text())
    base_bytes = (folder / "base.safetensors").read_bytes()
    base, metadata = read_tensors(base_bytes)
    segments = list(segments_of(base, json.loads(metadata["exponents"])))
    deals = deals_of(folder, info, info["holders"])
    masked = [read_tensors((folder / f"masked-{place}.safetensors").read_bytes())[0] for place in range(len(deals))]
    sums = opened_buckets(info, base_bytes) if "buckets" in info else [list(range(len(deals)))]
    names = [[deals[place][0] for place in places] for places in sums]

    key, _ = read_canonical(folder / "key.json")
    included = digest(canonical(names if "buckets" in info else names[0]))
    said = {"version": 1, "kind": "key", "included": included, **same_round(info)}
    require(all(key[field] == value for field, value in said.items()), "the key is of these deals")
    data = bytes.fromhex(key["scalars"][2:])
    size = 32 * (RINGS[info["ring"]][2] + 1)
    require(len(data) == size * len(sums), "the key has its scalars")

    found, sound = [], []
    for number, places in enumerate(sums):
        commitments = [deals[place][1] for place in places]
        part = data[size * number:size * (number + 1)]
        total, error = sum_of(info, [masked[place] for place in places], commitments, part)
        weight = sum(min(info["sampleCounts"][place], info["unitWeight"]) for place in places)
        is_sound = error <= 84 * len(places) and not is_too_long(info, total, len(places), segments)
        found.append({
            "sum": hashlib.sha256(total.astype("<i4").tobytes()).hexdigest(),
            "largestError": error,
            "isSound": is_sound,
        })
        if is_sound:
            sound.append((total, weight, len(places)))
    if "buckets" not in info:
        require(sound, "the round is not spoilt")
    else:
        require(len(sound) > info["buckets"] // 2, "enough buckets are sound")

    # The next model: FedAvg, or a robust rule over the buckets' means.
    moved, following = {}, []
    for tensor, at, length, exponent in segments:
        parts = [total[at:at + length].astype(np.float64) for total, _, _ in sound]
        if "buckets" in info:
            means = []
            for total, weight, _ in sound:
                scaled = [int(value) * info["unitWeight"] * 256 for value in total[at:at + length]]
                toward_zero = [abs(value) // weight * (-1 if value < 0 else 1) for value in scaled]
                means.append(np.clip(np.array(toward_zero, np.int64), 1 - 2**31, 2**31 - 1))
            change = middle(info, means) / 256 * 2.0**exponent
        else:
            change = parts[0] * info["unitWeight"] / sound[0][1] * 2.0**exponent
        moved[tensor] = (base[tensor].astype(np.float64) + change.reshape(base[tensor].shape)).astype("<f4")
        each = sorted(next_exponent(info, part, s[2], exponent) for part, s in zip(parts, sound))
        following.append(each[len(each) // 2])
    model = write_tensors(moved, {**metadata, "exponents": json.dumps(following, separators=(",", ":"))}, "F32")
    print(json.dumps({"sums": found, "model": digest(model)}))


main(Path(sys.argv[1]))
