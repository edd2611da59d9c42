"""A synthetic hour of 200,000 packets with every behaviour in it: `extract` against the naive reference, value for value."""
import csv
import sys

import features
import naive
from program import Program


def devices_of(path):
    with open(path) as f:
        return {naive.u32(bytes(map(int, row["address"].split("."))), 0): row["category"] for row in csv.DictReader(f)}


def main():
    with Program(sys.argv[1]) as p:
        hour, devices = p.file("hour.pcap"), p.file("devices.csv")
        p.do("synth", "-o", hour, "--devices-out", devices, "--packets", "200000", "--sources", "20000", "--seed", "7")

        rows, tally = naive.extract([hour])
        assert sum(tally.values()) == 200000 and {row["rule"] for row in rows} == set(range(6)), "the hour lacks something"
        p.do("extract", hour, "-o", p.file("all"), ranks=2)
        features.assert_equal_to_naive(p.file("all"), rows, tally)

        rows, tally = naive.extract([hour], devices=devices_of(devices))
        assert tally["not_listed"] > 0 and len({row["category"] for row in rows}) > 3
        p.do("extract", hour, "-o", p.file("listed"), "--devices", devices)
        features.assert_equal_to_naive(p.file("listed"), rows, tally)

        rows, tally = naive.extract([hour], window=600)
        p.do("extract", hour, "-o", p.file("short"), "--window", "10m", ranks=3)
        features.assert_equal_to_naive(p.file("short"), rows, tally)


if __name__ == "__main__":
    main()
