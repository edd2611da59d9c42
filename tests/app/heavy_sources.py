"""
Hours in which a few sources, or sources that fall together by their hash, have most contacts: how they are shared among ranks must not
show in the rows, with ample memory and with little, and ranks must have alike much to count.
"""
import shutil
import sys

import numpy

from features import columns
from program import Program, run_record

N = 500_000
START = 1483246800
MOST_IMBALANCE = 1.3
RECORD = numpy.dtype([  # a record of raw IPv4, with the first bytes of TCP
    ("seconds", "<u4"), ("microseconds", "<u4"), ("captured", "<u4"), ("wire", "<u4"),
    ("version", "u1"), ("tos", "u1"), ("length", ">u2"), ("id", ">u2"), ("fragment", ">u2"), ("ttl", "u1"), ("protocol", "u1"),
    ("checksum", ">u2"), ("source", ">u4"), ("destination", ">u4"),
    ("source_port", ">u2"), ("port", ">u2"), ("sequence", ">u4"), ("acknowledged", ">u4"), ("offset", "u1"), ("flags", "u1"),
    ("window", ">u2"), ("sum", ">u2"), ("urgent", ">u2")])


def address_of(hashes):
    """The addresses of these hashes: the program's hash of 32 bits, backwards."""
    x = hashes.astype(numpy.uint64)
    mask = numpy.uint64(0xffffffff)
    x ^= x >> numpy.uint64(16)
    x = x * numpy.uint64(pow(0xc2b2ae35, -1, 1 << 32)) & mask
    x ^= x >> numpy.uint64(13) ^ x >> numpy.uint64(26)
    x = x * numpy.uint64(pow(0x85ebca6b, -1, 1 << 32)) & mask
    x ^= x >> numpy.uint64(16)
    return x.astype(numpy.uint32)


def few(chance, source, destination):
    """Five sources send most."""
    most = chance.random(N) < 0.8
    source[most] = 0xf1020300 + chance.integers(0, 5, most.sum()) ** 2


def one_pair(chance, source, destination):
    """One source sends most, and to one destination."""
    most = chance.random(N) < 0.8
    source[most], destination[most] = 0xf1020300, 0x2c010101


def foreign(chance, source, destination):
    """Half of all go to addresses outside of the telescope, and one source sends a third."""
    out = chance.random(N) < 0.5
    destination[out] = chance.integers(0, 1 << 32, out.sum())
    source[chance.random(N) < 0.35] = 0xf7777777


def one_bucket(chance, source, destination):
    """All sources have one hash but for its lowest bits: they cannot be dealt out."""
    source[:] = address_of(0x30000000 + chance.integers(0, 1 << 12, N))


def one_owner(chance, source, destination):
    """Eight sources of one owner send most, each in a part of the hash of its own: each in another stage."""
    heavy = address_of((numpy.arange(8) << 27) + 0x1234567)
    most = chance.random(N) < 0.9
    source[most] = heavy[chance.integers(0, 8, most.sum())]


def write(path, kind):
    chance = numpy.random.default_rng(1)
    pool = (0xf0000000 + chance.integers(0, 1 << 28, N // 20)).astype(numpy.uint32)
    source = pool[chance.integers(0, len(pool), N)]
    destination = (0x2c000000 + chance.integers(0, 1 << 24, N)).astype(numpy.uint32)
    kind(chance, source, destination)
    records = numpy.zeros(N, RECORD)
    records["seconds"] = START + numpy.sort(chance.integers(0, 3600, N))
    records["captured"] = records["wire"] = records["length"] = 40
    records["version"], records["protocol"], records["offset"], records["flags"] = 0x45, 6, 0x50, 2
    records["ttl"] = chance.integers(30, 255, N)
    records["source"], records["destination"] = source, destination
    records["port"] = chance.integers(0, 1 << 16, N)
    with open(path, "wb") as f:
        f.write(numpy.array([0xa1b2c3d4, 0x00040002, 0, 0, 65535, 101], "<u4").tobytes())
        f.write(records.tobytes())
    return source, destination


def extract(program, capture, folder, *words, ranks=1):
    shutil.rmtree(folder, ignore_errors=True)
    program.do("extract", capture, "-o", folder, *words, ranks=ranks)


def check(program, kind, can_be_shared=True):
    capture, alone, out = program.file("x.pcap"), program.file("alone"), program.file("out")
    source, destination = write(capture, kind)
    extract(program, capture, alone)
    expected = columns(alone)
    addresses, packets = numpy.unique(source, return_counts=True)
    assert (expected["address"] == addresses).all() and (expected["packets"] == packets).all(), kind.__name__
    pairs = numpy.unique(source.astype(numpy.uint64) << numpy.uint64(32) | destination)
    assert (expected["unique_destinations"] == numpy.unique(pairs >> numpy.uint64(32), return_counts=True)[1]).all()
    for ranks in (2, 3, 7):
        for memory in ("1GiB", "32MiB"):
            extract(program, capture, out, "--memory", memory, ranks=ranks)
            found = columns(out)
            for name, values in expected.items():
                assert (found[name] == values).all(), (kind.__name__, ranks, memory, name)
            imbalance = run_record(out)["imbalance"]
            print(kind.__name__, ranks, "ranks,", memory, imbalance)
            assert imbalance <= MOST_IMBALANCE or not can_be_shared


def main():
    with Program(sys.argv[1]) as program:
        check(program, few)
        check(program, foreign)
        check(program, one_owner)
        check(program, one_pair, can_be_shared=False)
        check(program, one_bucket, can_be_shared=False)


main()
