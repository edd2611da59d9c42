"""
The log of a long run, made long by standing still for a while: whole lines with the time, the window that is worked on, percent, rate
and time left, and no carriage return.
"""
import re
import sys
import time

from program import Program

LONGER_THAN_A_LINE = 10.5  # s: the pause between two lines of progress in a file
LINE = re.compile(r"^\d\d:\d\d:\d\d extract 2017-01-01T00:00:00 +(\d+\.\d)%  [\d.]+ [Mk]? ?packets/s  ETA \d\d:\d\d:\d\d$", re.M)


def main():
    with Program(sys.argv[1]) as p:
        hours = []
        for hour in range(3):  # the last is after --to: it is no part of the hundred percent
            start = "2017-01-01T%02d" % hour
            hours.append(p.file(start + ".pcap"))
            p.do("synth", "-o", hours[-1], "--start", start, "--packets", "1500000", "--sources", "100000")
        for ranks in (1, 2):
            output = p.file("out-%d" % ranks)
            words = ["extract", *hours, "--from", "2017-01-01", "--to", "2017-01-01T01", "-o", output]
            done = p.disturbed(words, output, ranks, lambda: time.sleep(LONGER_THAN_A_LINE))
            assert done.returncode == 0 and "\r" not in done.stderr, done.stderr
            lines = LINE.findall(done.stderr)
            assert lines and 0 < float(lines[0]) <= 100, done.stderr


if __name__ == "__main__":
    main()
