"""Feature files as rows, and their comparison with the naive reference."""
import glob
import os

import h5py
import numpy

from program import run_record

FEATURES = ["average_ttl", "packets", "unique_destinations", "packets_per_port", "packets_per_destination",
            "inter_arrival_time", "scan_flag_packets", "udp_packets", "unique_ports"]
COLUMNS = ["window_start", "address", "category"] + FEATURES + [
    "first_seen", "last_seen", "ttl_sum", "tcp_packets", "icmp_packets", "port_packets", "syn_packets", "reply_packets",
    "echo_requests", "destination_port_pairs", "min_ports_per_destination", "max_ports_per_destination",
    "max_destinations_per_port", "label", "rule", "rules_matched"]


def files(folder):
    return sorted(glob.glob(os.path.join(folder, "features-*.h5")))


def texts(values):
    return [v.decode() if isinstance(v, bytes) else str(v) for v in values]


def columns(folder):
    """Every column over all files in order; categories by name."""
    parts = {name: [] for name in COLUMNS}
    for path in files(folder):
        with h5py.File(path, "r") as f:
            categories = numpy.array(texts(f["sources/category"].attrs["categories"]))
            for name in COLUMNS:
                values = f["sources"][name][:]
                parts[name].append(categories[values] if name == "category" else values)
    return {name: numpy.concatenate(p) if p else numpy.array([]) for name, p in parts.items()}


def tally_of_files(folder):
    total = {}
    for path in files(folder):
        with h5py.File(path, "r") as f:
            for reason, n in f["tally"].items():
                total[reason] = total.get(reason, 0) + int(n[()])
    return total


def assert_equal_to_naive(folder, rows, tally):
    """Value for value: no tolerance, means included."""
    found = columns(folder)
    assert len(found["address"]) == len(rows), "%d rows, not %d" % (len(found["address"]), len(rows))
    for name in COLUMNS:
        wanted = numpy.array([row[name] for row in rows])
        different = numpy.flatnonzero(found[name] != wanted) if rows else []
        assert len(different) == 0, "%s: row %d is %s, not %s (%d rows differ)" % (
            name, different[0], found[name][different[0]], wanted[different[0]], len(different))
    of_run = run_record(folder)["tally"]
    for counts in (of_run, tally_of_files(folder)):
        assert counts.pop("records", 0) == sum(counts.values()) == sum(tally.values()), (counts, tally)
        assert {r: n for r, n in counts.items() if n} == dict(tally), (counts, tally)
