"""The definitions once more, as plainly as they can be written: captures read with struct, sets counted with set().

Shares no code with src: it is the referee of what `darkforest extract` writes (docs/definitions.md is the law for both).
"""
import collections
import gzip
import struct
import subprocess

NS = 10**9
LABELS = {"scanning": 0, "backscatter": 1, "misconfiguration": 2}
RULES = ["port_scan", "network_scan", "stealth_tcp", "stealth_icmp", "backscatter", "misconfiguration"]
RULE_LABELS = [0, 0, 0, 0, 1, 2]

Packet = collections.namedtuple("Packet", "ts source destination ttl protocol port flags icmp_type")


class Refused(Exception):
    """Not a capture that is supported."""


class Damaged(Exception):
    """Here the records end; those before it count."""


# Containers: bytes to (ts in ns, link type, captured bytes).


def inflated(path):
    with open(path, "rb") as f:
        head = f.read(4)
    if head[:2] == b"\x1f\x8b":
        with gzip.open(path, "rb") as f:
            return f.read()
    if head == b"\x28\xb5\x2f\xfd" or head[1:] == b"\x2a\x4d\x18":
        return subprocess.run(["zstd", "-dcq", path], check=True, stdout=subprocess.PIPE).stdout
    with open(path, "rb") as f:
        return f.read()


def pcap_records(data):
    order, factor = {
        b"\xd4\xc3\xb2\xa1": ("<", 1000),
        b"\xa1\xb2\xc3\xd4": (">", 1000),
        b"\x4d\x3c\xb2\xa1": ("<", 1),
        b"\xa1\xb2\x3c\x4d": (">", 1),
    }[data[:4]]
    if len(data) < 24:
        raise Refused("no room for a header")
    major, minor, _, _, snaplen, link = struct.unpack(order + "HHiIII", data[4:24])
    swapped = (major, minor) < (2, 3)
    at = 24
    while at < len(data):
        if at + 16 > len(data):
            raise Damaged("a record header is cut off")
        seconds, fraction, caplen, wire = struct.unpack(order + "IIII", data[at : at + 16])
        if swapped or ((major, minor) == (2, 3) and caplen > wire):
            caplen, wire = wire, caplen
        if caplen > max(snaplen, 262144) or at + 16 + caplen > len(data):
            raise Damaged("a record is cut off, or no record")
        yield seconds * NS + fraction * factor, link & 0x03FFFFFF, data[at + 16 : at + 16 + caplen]
        at += 16 + caplen


def pcapng_options(data, order):
    options, at = {}, 0
    while at + 4 <= len(data):
        code, n = struct.unpack(order + "HH", data[at : at + 4])
        if code == 0:
            break
        options[code] = data[at + 4 : at + 4 + n]
        at += 4 + (n + 3) // 4 * 4
    return options


def pcapng_interface(body, order):
    link, _, _ = struct.unpack(order + "HHI", body[:8])
    options = pcapng_options(body[8:], order)
    resolution = options.get(9, b"\x06")[0]
    per_second = 2 ** (resolution & 0x7F) if resolution & 0x80 else 10**resolution
    offset = struct.unpack(order + "q", options[14])[0] if 14 in options else 0
    return link, per_second, offset


def pcapng_records(data):
    at, order, interfaces = 0, "<", []
    while at < len(data):
        if at + 12 > len(data):
            raise Damaged("a block is cut off")
        kind = data[at : at + 4]
        if kind == b"\x0a\x0d\x0d\x0a":
            order = "<" if data[at + 8 : at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
            interfaces = []
        code, n = struct.unpack(order + "II", data[at : at + 8])
        if n < 12 or n % 4 or at + n > len(data):
            raise Damaged("a block is cut off, or no block")
        body = data[at + 8 : at + n - 4]
        if code == 1:
            interfaces.append(pcapng_interface(body, order))
            if interfaces[-1][0] != interfaces[0][0]:
                raise Damaged("interfaces of several link types, which libpcap does not read either")
        elif code == 6:
            number, high, low, caplen, _ = struct.unpack(order + "IIIII", body[:20])
            link, per_second, offset = interfaces[number]
            ts = (high << 32 | low) * NS // per_second + offset * NS
            yield ts, link, body[20 : 20 + caplen]
        elif code in (2, 3):
            raise NotImplementedError("old and simple packet blocks are in no capture of the tests")
        at += n


def records(path):
    data = inflated(path)
    if data[:4] == b"\x0a\x0d\x0d\x0a":
        return pcapng_records(data)
    if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d"):
        return pcap_records(data)
    raise Refused("neither pcap nor pcapng")


# Frames: captured bytes to ("counted", Packet) or (reason, None).


def u16(data, at):
    return data[at] << 8 | data[at + 1]


def u32(data, at):
    return int.from_bytes(data[at : at + 4], "big")


def ipv4(ts, ip):
    if len(ip) < 20:
        return "short_ip", None
    header, total = (ip[0] & 15) * 4, u16(ip, 2)
    if ip[0] >> 4 != 4:
        return "bad_version", None
    if header < 20:
        return "bad_ihl", None
    if total < header:
        return "bad_length", None
    protocol, first_fragment = ip[9], (u16(ip, 6) & 0x1FFF) == 0
    payload = ip[header:total] if first_fragment else b""
    port = u16(payload, 2) if protocol in (6, 17) and len(payload) >= 4 else None
    flags = payload[13] & 0x3F if protocol == 6 and len(payload) >= 14 else None
    icmp_type = payload[0] if protocol == 1 and len(payload) >= 1 else None
    return "counted", Packet(ts, u32(ip, 12), u32(ip, 16), ip[8], protocol, port, flags, icmp_type)


def ip_of_any_version(ts, data, neither):
    if not data:
        return "short_ip", None
    version = data[0] >> 4
    return ipv4(ts, data) if version == 4 else ("ipv6", None) if version == 6 else (neither, None)


def ethertype(ts, kind, data):
    while kind in (0x8100, 0x88A8, 0x9100):
        if len(data) < 4:
            return "short_link", None
        kind, data = u16(data, 2), data[4:]
    if kind in (0x8847, 0x8848):
        bottom = False
        while not bottom:
            if len(data) < 4:
                return "short_link", None
            bottom, data = bool(data[2] & 1), data[4:]
        return ip_of_any_version(ts, data, "other_ethertype")
    if kind == 0x0800:
        return ipv4(ts, data)
    return {0x86DD: "ipv6", 0x0806: "arp"}.get(kind, "other_ethertype"), None


def ethernet(ts, frame):
    return ethertype(ts, u16(frame, 12), frame[14:]) if len(frame) >= 14 else ("short_link", None)


def cooked(ts, frame):
    return ethertype(ts, u16(frame, 14), frame[16:]) if len(frame) >= 16 else ("short_link", None)


def cooked2(ts, frame):
    return ethertype(ts, u16(frame, 0), frame[20:]) if len(frame) >= 20 else ("short_link", None)


def raw(ts, frame):
    return ip_of_any_version(ts, frame, "bad_version")


def family(ts, frame):
    if len(frame) < 4:
        return "short_link", None
    numbers = {int.from_bytes(frame[:4], "little"), int.from_bytes(frame[:4], "big")}
    if 2 in numbers:
        return ipv4(ts, frame[4:])
    return "ipv6" if numbers & {10, 24, 28, 30} else "other_ethertype", None


def ppp(ts, frame):
    if frame[:2] == b"\xff\x03":
        frame = frame[2:]
    if len(frame) < 2:
        return "short_link", None
    size = 1 if frame[0] & 1 else 2
    protocol = int.from_bytes(frame[:size], "big")
    if protocol == 0x21:
        return ipv4(ts, frame[size:])
    return "ipv6" if protocol == 0x57 else "other_ethertype", None


LINKS = {0: family, 1: ethernet, 9: ppp, 12: raw, 14: raw, 50: ppp, 101: raw, 108: family, 113: cooked, 228: ipv4,
         229: lambda ts, frame: ("ipv6", None), 276: cooked2}


def is_damaged(path):
    try:
        collections.deque(records(path), maxlen=0)
    except Damaged:
        return True
    return False


def packets(path):
    """(reason, Packet or None, ts) of every record; Refused when the link type is not supported."""
    for ts, link, frame in records(path):
        if link not in LINKS:
            raise Refused("link type %d" % link)
        yield LINKS[link](ts, frame) + (ts,)


# Sources: packets to rows.


class Source:
    def __init__(self):
        self.packets = []

    def row(self, window_start, address):
        p = self.packets
        times = [x.ts for x in p]
        with_port = [x for x in p if x.port is not None]
        destinations = {x.destination for x in p}
        ports_of = {d: set() for d in destinations}
        destinations_of = collections.defaultdict(set)
        for x in with_port:
            ports_of[x.destination].add(x.port)
            destinations_of[x.port].add(x.destination)
        n, n_ports = len(p), len(destinations_of)
        tcp_flags = [x.flags for x in p if x.flags is not None]
        n_pairs = sum(len(s) for s in ports_of.values())
        return {
            "window_start": window_start,
            "address": address,
            "average_ttl": sum(x.ttl for x in p) / n,
            "packets": n,
            "unique_destinations": len(destinations),
            "packets_per_port": len(with_port) / n_ports if n_ports else 0.0,
            "packets_per_destination": n / len(destinations),
            "inter_arrival_time": (max(times) - min(times)) / ((n - 1) * NS) if n > 1 else 0.0,
            "scan_flag_packets": sum(f in (0x02, 0x01, 0x11, 0x00) for f in tcp_flags),
            "udp_packets": sum(x.protocol == 17 for x in p),
            "unique_ports": n_ports,
            "first_seen": min(times),
            "last_seen": max(times),
            "ttl_sum": sum(x.ttl for x in p),
            "tcp_packets": sum(x.protocol == 6 for x in p),
            "icmp_packets": sum(x.protocol == 1 for x in p),
            "port_packets": len(with_port),
            "syn_packets": sum(f == 0x02 for f in tcp_flags),
            "reply_packets": sum(f in (0x12, 0x04, 0x14) for f in tcp_flags),
            "echo_requests": sum(x.icmp_type == 8 for x in p),
            "destination_port_pairs": n_pairs,
            "min_ports_per_destination": min(len(s) for s in ports_of.values()),
            "max_ports_per_destination": max(len(s) for s in ports_of.values()),
            "max_destinations_per_port": max((len(s) for s in destinations_of.values()), default=0),
        }


def add_label(row):
    """The rules of the paper, with the default thresholds."""
    scans = 2 * row["scan_flag_packets"] > row["packets"]
    few_syn = 1 <= row["syn_packets"] < 15
    few_echo = 1 <= row["echo_requests"] < 15
    holds = [
        row["min_ports_per_destination"] > 5 and scans,
        row["max_destinations_per_port"] > 5 and scans,
        few_syn and row["unique_destinations"] < 15 and row["unique_ports"] < 5,
        few_echo and row["unique_destinations"] < 5,
        row["reply_packets"] >= 1,
    ]
    holds.append(not any(holds))
    row["rule"] = holds.index(True)
    row["label"] = RULE_LABELS[row["rule"]]
    row["rules_matched"] = sum(1 << bit for bit, held in enumerate(holds) if held)


def extract(paths, window=3600, devices=None):
    """
    (rows by (window_start, address), tally by reason). `devices`: address to category, None for every source.
    Damage ends a file; is_damaged() says whether there is any.
    """
    sources, tally = collections.defaultdict(Source), collections.Counter()

    def add(path):
        for reason, packet, ts in packets(path):
            if packet and devices is not None and packet.source not in devices:
                reason, packet = "not_listed", None
            tally[reason] += 1
            if packet:
                start = ts // NS - ts // NS % window
                sources[start, packet.source].packets.append(packet)

    for path in paths:
        try:
            add(path)
        except Damaged:
            pass
    rows = []
    for (start, address), source in sorted(sources.items()):
        row = source.row(start, address)
        row["category"] = devices[address] if devices is not None else "none"
        add_label(row)
        rows.append(row)
    return rows, tally
