"""A slow, lossy line between two network namespaces, with or without address translation (NAT).

Two TUN devices and a queue, since some kernels have no netem. Commands come on stdin, one a line:
  cut, heal            drop everything, or no longer
  forget               the translation forgets all connections, as a router does that restarts, or of which they were idle
  count                print the bytes that each side has sent, as JSON
The line ends with its stdin.

  python3 link.py NS_A IP_A NS_B IP_B MBIT ONE_WAY_MS LOSS_PERCENT [PUBLIC_IP]

With PUBLIC_IP, A is behind the translation: B sees that address, and only connections that A opens pass.
"""
import ctypes, fcntl, heapq, json, os, random, select, struct, subprocess, sys, time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
QUEUE_SECONDS = 0.5  # what waits longer is lost, as in a router's buffer
ns_a, ip_a, ns_b, ip_b = sys.argv[1:5]
bits_per_second, delay, loss = float(sys.argv[5]) * 1e6, float(sys.argv[6]) / 1e3, float(sys.argv[7]) / 100
public = bytes(map(int, sys.argv[8].split("."))) if len(sys.argv) > 8 else None
private = bytes(map(int, ip_a.split(".")))
libc = ctypes.CDLL(None, use_errno=True)


def open_tun(namespace, own, peer):
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    other = os.open("/var/run/netns/" + namespace, os.O_RDONLY)
    if libc.setns(other, 0) != 0:
        raise OSError("setns")
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    name = fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH", b"line%d", IFF_TUN | IFF_NO_PI))[:16].rstrip(b"\0").decode()
    subprocess.check_call(["ip", "addr", "add", own, "peer", peer, "dev", name])
    subprocess.check_call(["ip", "link", "set", name, "up", "mtu", "1400"])
    libc.setns(home, 0)
    os.close(home)
    os.close(other)
    return tun


def checksum_after(old, before, after):
    """RFC 1624: the checksum of a packet in which 16-bit words changed."""
    total = ~old & 0xFFFF
    for a, b in zip(struct.unpack(f"!{len(before) // 2}H", before), struct.unpack(f"!{len(after) // 2}H", after)):
        total += (~a & 0xFFFF) + b
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def rewrite(packet, address_at, port_at, address, port):
    """Another address and TCP port in a packet, and the checksums that follow."""
    header = (packet[0] & 15) * 4
    before = bytes(packet[address_at : address_at + 4]), bytes(packet[header + port_at : header + port_at + 2])
    after = address, struct.pack("!H", port)
    packet[address_at : address_at + 4], packet[header + port_at : header + port_at + 2] = after
    for at, changes in ((10, ((before[0], after[0]),)), (header + 16, tuple(zip(before, after)))):
        value = struct.unpack_from("!H", packet, at)[0]
        for old, new in changes:
            value = checksum_after(value, old, new)
        struct.pack_into("!H", packet, at, value)


outward, inward = {}, {}


def translate(packet, from_a):
    """The packet as it goes on, or None where the translation drops it. TCP over IPv4 only."""
    if packet[0] >> 4 != 4 or packet[9] != 6:
        return None
    header = (packet[0] & 15) * 4
    source, target = struct.unpack_from("!HH", packet, header)
    if from_a:
        remote = bytes(packet[16:20]), target
        if (source, remote) not in outward:
            if not packet[header + 13] & 2:  # in the middle of a connection that was forgotten
                return None
            port = 20000 + (source * 7 + len(outward)) % 40000
            outward[source, remote], inward[port, remote] = port, source
        rewrite(packet, 12, 0, public, outward[source, remote])
        return packet
    remote = bytes(packet[12:16]), source
    if bytes(packet[16:20]) != public or (target, remote) not in inward:
        return None
    rewrite(packet, 16, 2, private, inward[target, remote])
    return packet


a, b = open_tun(ns_a, ip_a, ip_b), open_tun(ns_b, ip_b, ip_a)
other, free, sent = {a: b, b: a}, {a: 0.0, b: 0.0}, {a: 0, b: 0}
queue, order, cut = [], 0, False
random.seed(1)
print("ready", flush=True)
while True:
    wait = max(queue[0][0] - time.monotonic(), 0) if queue else 1
    ready, _, _ = select.select([a, b, 0], [], [], min(wait, 1))
    if 0 in ready:
        command = os.read(0, 100).decode()
        if not command:
            sys.exit(0)
        for word in command.split():
            if word in ("cut", "heal"):
                cut = word == "cut"
            elif word == "forget":
                outward.clear()
                inward.clear()
            if word == "count":
                print(json.dumps({"fromA": sent[a], "fromB": sent[b]}), flush=True)
            else:
                print(word, flush=True)
    now = time.monotonic()
    for tun in ready:
        for _ in range(64 if tun else 0):
            try:
                packet = bytearray(os.read(tun, 2000))
            except BlockingIOError:
                break
            sent[tun] += len(packet)
            start = max(free[tun], now)
            if cut or random.random() < loss or start - now > QUEUE_SECONDS:
                continue
            if public and (packet := translate(packet, tun == a)) is None:
                continue
            free[tun] = start + len(packet) * 8 / bits_per_second
            order += 1
            heapq.heappush(queue, (free[tun] + delay, order, other[tun], packet))
    now = time.monotonic()
    while queue and queue[0][0] <= now:
        _, _, tun, packet = heapq.heappop(queue)
        try:
            os.write(tun, packet)
        except OSError:
            pass
