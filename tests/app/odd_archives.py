"""
Archives that are put together in odd ways: files that overlap, files of which some can be cut and some not, windows that were asked for
in part, indexes that are damaged, links to nothing, names that are not text. The rows are those of one rank that reads everything, or
the run says what is in the way.
"""
import gzip
import json
import os
import random
import struct
import subprocess
import sys

import h5py

import features
from program import ENVIRONMENT, Program

BAD_DATA, BAD_CONFIG = 65, 78
START = 1519948800  # 2018-03-02T00:00
HOUR = 3600
RECORD = 70  # bytes


def packet(source, destination, port, padding=0):
    ip = struct.pack(">BBHHHBBHII", 0x45, 0, 40, 0, 0, 64, 6, 0, source, destination)
    return bytes(12) + b"\x08\x00" + ip + struct.pack(">HHIIBBHHH", 1234, port, 0, 0, 0x50, 2, 1024, 0, 0) + bytes(padding)


def capture(begin, end, n, seed=1):
    """n packets of random sources, evenly from `begin` to `end`."""
    rng = random.Random(seed)
    records = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)]
    for i in range(n):
        at = begin + (end - begin) * i / n
        data = packet(rng.getrandbits(32) | 1, 0x0A000000 | rng.getrandbits(16), rng.choice([22, 23, 80, 443]))
        records.append(struct.pack("<IIII", int(at), int(at % 1 * 1e6), len(data), len(data)) + data)
    return b"".join(records)


def write(p, name, content):
    path = p.file(name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with gzip.open(path, "wb", 1) if name.endswith(".gz") else open(path, "wb") as f:
        f.write(content)
    return path


def extract(p, archive, output, *words, ranks=1, code=0):
    done = p.run("extract", archive, "-o", p.file(output), *words, ranks=ranks)
    assert done.returncode == code, (archive, ranks, words, done.returncode, done.stderr)
    return done.stderr


def same(p, output, other):
    names = [os.path.basename(path) for path in features.files(p.file(output))]
    assert names and names == [os.path.basename(path) for path in features.files(p.file(other))], (output, other, names)
    for name in names:
        for group in ("/sources", "/tally"):
            subprocess.run(["h5diff", p.file(output, name), p.file(other, name), group], check=True)


def test_files_that_can_be_cut_beside_one_that_cannot(p):
    """A rank that has read its slices sooner than another must not go on to the next files without it: of two, the first has a round more
    here, since its half is just over what is read before the first round, and the other just under."""
    first_round = 4 << 20
    write(p, "mixed/a.pcap", capture(START, START + HOUR, 2 * first_round // RECORD))
    write(p, "mixed/b.pcap.gz", capture(START + 1, START + HOUR, 20000, 2))
    for ranks in (1, 2, 3, 5):
        extract(p, p.file("mixed"), "of-mixed-%d" % ranks, "--index-dir", p.file("indexes-%d" % ranks), ranks=ranks)
        same(p, "of-mixed-%d" % ranks, "of-mixed-1")


def hours_and_a_day(p, folder, ending, n=6000):
    write(p, folder + "/day" + ending, capture(START, START + 12 * HOUR, n))
    for h in range(12):
        write(p, "%s/h%02d%s" % (folder, h, ending), capture(START + h * HOUR + 1, START + (h + 1) * HOUR - 1, 500, 2 + h))
    return p.file(folder)


def test_a_long_file_beside_short_ones(p):
    """Groups of ranks begin with the file that holds their first window: that a file of a whole day reaches there is known by its end."""
    archive = hours_and_a_day(p, "plain-day", ".pcap")
    for ranks in (1, 2, 4):
        extract(p, archive, "of-day-%d" % ranks, "--ranks-per-window", "1", ranks=ranks)
        same(p, "of-day-%d" % ranks, "of-day-1")
    p.do("pack", p.file("plain-day", "day.pcap"), "-o", p.file("packed.pcap.zst"))
    os.remove(p.file("plain-day", "day.pcap"))
    os.rename(p.file("packed.pcap.zst"), p.file("plain-day", "day.pcap.zst"))
    extract(p, archive, "of-packed-day", "--ranks-per-window", "1", ranks=4)
    same(p, "of-packed-day", "of-day-1")
    late = "2018-03-02T08:00"
    extract(p, archive, "late", "--from", late)
    for path in features.files(p.file("late")):
        subprocess.run(["h5diff", path, p.file("of-day-1", os.path.basename(path)), "/sources"], check=True)
    assert len(features.files(p.file("late"))) == 4


def test_a_long_file_whose_end_is_not_known(p):
    archive = hours_and_a_day(p, "gzip-day", ".pcap.gz")
    extract(p, archive, "of-gzip-1")
    extract(p, archive, "of-gzip-4", "--ranks-per-window", "1", ranks=4)
    same(p, "of-gzip-4", "of-gzip-1")  # a larger file is taken to last longer
    archive = hours_and_a_day(p, "thin-day", ".pcap.gz", 500)
    extract(p, archive, "of-thin-1")
    said = extract(p, archive, "of-thin-4", "--ranks-per-window", "1", ranks=4, code=BAD_CONFIG)
    assert "day.pcap.gz" in said and "--ranks-per-window" in said, said
    extract(p, archive, "of-thin-group", "--ranks-per-window", "4", ranks=4)
    same(p, "of-thin-group", "of-thin-1")


def test_a_guess_that_was_wrong(p):
    """With --from, files that are taken to have ended are passed over: one that is read and goes on past its reach shows that as a guess."""
    for h in range(4):
        write(p, "guess/h%d.pcap.gz" % h, capture(START + h * HOUR, START + (h + 1) * HOUR, 400 if h < 2 else 500, h))
    extract(p, p.file("guess"), "of-guess", "--from", "2018-03-02T03:00")
    write(p, "guess/h2.pcap.gz", capture(START + 2 * HOUR, START + 12 * HOUR, 500, 2))
    said = extract(p, p.file("guess"), "of-wrong-guess", "--from", "2018-03-02T03:00", code=BAD_CONFIG)
    assert "h2.pcap.gz" in said and "without --from" in said and not features.files(p.file("of-wrong-guess")), said


def test_a_wrong_clock_and_groups_that_nobody_asked_for(p):
    """A record of two hours is stamped five hours ahead, when its file is taken to have ended: whoever computes that hour has passed the file
    over. What groups have written by then is not kept, and where the program chose that there are groups, there is one then."""
    for h in range(12):
        odd = capture(START + (h + 5) * HOUR + 60, START + (h + 5) * HOUR + 61, 1)[24:] if h == 2 else b""
        write(p, "clock/h%02d.pcap.gz" % h, capture(START + h * HOUR, START + (h + 1) * HOUR, 20000, h) + odd)
    extract(p, p.file("clock"), "of-clock-1")
    said = extract(p, p.file("clock"), "of-clock-4", ranks=4)
    assert "2 groups of ranks" in said and "240001 records read, 240001 counted" in said and said.count("as one group") == 1, said
    same(p, "of-clock-4", "of-clock-1")
    # What an earlier run has written may lack the packet, too.
    os.remove(p.file("of-clock-4", "features-20180302T000000.h5"))
    said = extract(p, p.file("clock"), "of-clock-4", ranks=4, code=BAD_CONFIG)
    assert "into an empty folder" in said and "as one group" not in said and len(features.files(p.file("of-clock-4"))) == 11, said
    said = extract(p, p.file("clock"), "of-clocks", "--ranks-per-window", "2", ranks=4, code=BAD_CONFIG)
    assert said.count("h02.pcap.gz holds packets of a time") == 1 and "nothing of this run was kept" in said, said
    assert not features.files(p.file("of-clocks"))


def test_records_in_no_order(p):
    """What --from and --to leave out is left out by its time: the end of a plain file may lie before its beginning, its first record last."""
    late, early = capture(START + 10 * HOUR, START + 11 * HOUR, 800), capture(START + 5 * HOUR, START + 6 * HOUR, 800, 2)
    write(p, "back.pcap", late + early[24:])
    said = extract(p, p.file("back.pcap"), "of-back", "--from", "2018-03-02T09:00")
    assert "1600 records read, 800 counted" in said, said
    write(p, "first.pcap", capture(START + 30 * HOUR, START + 31 * HOUR, 1) + capture(START, START + HOUR, 800)[24:])
    said = extract(p, p.file("first.pcap"), "of-first", "--to", "2018-03-02T12:00")
    assert "801 records read, 800 counted" in said, said


def test_records_behind_the_end(p):
    """A file that begins behind --to, but not far, is read: its records are out of range, not passed over."""
    write(p, "behind/a.pcap", capture(START, START + HOUR, 200))
    write(p, "behind/b.pcap", capture(START + 1.5 * HOUR, START + 2 * HOUR, 50, 2))
    extract(p, p.file("behind"), "of-behind", "--to", "2018-03-02T01:00")
    with open(p.file("of-behind", "run.json")) as f:
        told = json.load(f)
    assert told["tally"]["records"] == 250 and told["tally"]["out_of_range"] == 50 and told["records_passed_over"] == 0, told


def test_windows_that_memory_has_no_room_for(p):
    archive = write(p, "seconds.pcap", capture(START, START + 700, 1400))
    said = extract(p, archive, "of-seconds-small", "--window", "1s", "--memory", "32MiB", code=BAD_CONFIG)
    assert "more than 510 windows" in said and "--memory" in said and not features.files(p.file("of-seconds-small")), said
    extract(p, archive, "of-seconds", "--window", "1s", "--memory", "64MiB")
    assert len(features.files(p.file("of-seconds"))) == 700


def test_windows_whose_buckets_memory_has_no_room_for(p):
    """How long a gzip file lasts is not known: each window is made ready for as many contacts as if it were the only one."""
    rng = random.Random(4)
    records = [capture(START, START + 1, 1)]
    for i in range(600):
        data = packet(i + 1, 0x0A000001, 23) + rng.randbytes(60000)
        records.append(struct.pack("<IIII", START + i * HOUR, 0, len(data), len(data)) + data)
    archive = write(p, "large.pcap.gz", b"".join(records))
    said = extract(p, archive, "of-large", "--memory", "64MiB", code=BAD_CONFIG)
    assert "more than 341 windows" in said, said
    extract(p, archive, "of-large", "--window", "2h", "--memory", "64MiB")


def test_files_that_only_the_second_group_reads(p):
    """Packets that are late in them are told of, though the group whose hour they are of has done with it before it comes to the file; and so
    is a damaged index. Files are larger than what is read between two looks at what is finished: by frames of nothing."""
    strays = capture(START + 60, START + 120, 7)[24:]
    for h in range(6):
        path = write(p, "late/h%d.pcap" % h, capture(START + h * HOUR, START + (h + 1) * HOUR, 300, h) + (strays if h == 5 else b""))
        subprocess.run(["zstd", "-q", "--rm", path], check=True)
        with open(path + ".zst", "ab") as f:
            f.write(struct.pack("<II", 0x184D2A50, 800 << 20))
            f.truncate(f.tell() + (800 << 20))
    write(p, "late/h6.pcap.gz", capture(START + 6 * HOUR, START + 7 * HOUR, 300, 6))
    write(p, "late/h0.pcap.gz", capture(START + 1, START + HOUR, 300, 7))
    for ranks in (1, 2, 3):
        for h in (0, 6):
            with open(p.file("late/h%d.pcap.gz.dfx" % h), "wb") as f:
                f.write(b"no index")
        said = extract(p, p.file("late"), "of-late-%d" % ranks, "--ranks-per-window", "1", ranks=ranks)
        assert "2407 records read, 2400 counted" in said and "7 packets are of windows that ended" in said, said
        assert all(said.count("h%d.pcap.gz is damaged and is not used" % h) == 1 for h in (0, 6)), said
        same(p, "of-late-%d" % ranks, "of-late-1")
    subprocess.run(["rm", "-r", p.file("late")], check=True)


def test_damage_in_files_whose_names_end_alike(p):
    whole = capture(START, START + HOUR, 100)
    for name in ("names/cut.pcap", "names/acut.pcap"):
        write(p, name, whole[:-10])
    said = extract(p, p.file("names"), "of-names", code=BAD_DATA)
    assert all("%s: at byte" % p.file("names", name) in said for name in ("cut.pcap", "acut.pcap")), said


def test_a_range_that_begins_inside_a_window(p):
    """The border between two groups is never inside a window."""
    for i, (begin, end, n) in enumerate([(600, 1700, 6000), (1800, 3599, 1000), (3600, 7199, 1000), (7200, 10799, 1000)]):
        write(p, "border/f%d.pcap" % i, capture(START + begin, START + end, n, i))
    words = ["--from", "2018-03-02T00:05", "--to", "2018-03-02T03:00", "--ranks-per-window", "1"]
    for ranks in (1, 2, 3):
        said = extract(p, p.file("border"), "of-border-%d" % ranks, *words, ranks=ranks)
        assert "; 3 windows written" in said, said
        same(p, "of-border-%d" % ranks, "of-border-1")


def test_a_range_that_ends_inside_a_window(p):
    """A file that is asked for by itself, behind two gigabytes of frames of nothing: its old packet's window is not so old that it is late."""
    frame = bytes(262128)
    with open(write(p, "aligned/a.pcap", capture(START, START + 1, 10)), "r+b") as f:
        f.seek(0, 2)
        for i in range(8250):
            f.write(struct.pack("<IIII", START + 1 + i // 10, 0, len(frame), len(frame)))
            f.truncate(f.seek(len(frame), 1))
    last = capture(START + 6300, START + 6301, 1) + capture(START + 1740, START + 1741, 1, 2)[24:]
    write(p, "aligned/b.pcap", last)
    for ranks in (1, 2):
        extract(p, p.file("aligned"), "aligned-%d" % ranks, "--to", "2018-03-02T00:30", ranks=ranks)
        with h5py.File(p.file("aligned-%d" % ranks, "features-20180302T000000.h5")) as f:
            assert len(f["sources/address"]) == 11, ranks
    os.remove(p.file("aligned/a.pcap"))


def test_a_part_of_a_window_is_not_the_window(p):
    archive, inside = p.file("border"), "2018-03-02T00:20"
    extract(p, archive, "part", "--to", inside)
    assert "1 window in" in extract(p, archive, "part", "--to", inside)
    said = extract(p, archive, "part", code=BAD_CONFIG)
    assert "features-20180302T000000.h5" in said and "--to" in said, said
    extract(p, archive, "part", "--from", "2018-03-02T01:00")
    os.remove(p.file("part", "features-20180302T000000.h5"))
    extract(p, archive, "part")
    extract(p, archive, "whole")
    same(p, "part", "whole")


def test_the_same_again(p):
    """Whatever the range and however the files are packed, a window that was made of the same packets is finished without a word."""
    quarters = [write(p, "quarters/%d.pcap" % i, capture(START + 900 * i, START + 900 * (i + 1), 100, i)) for i in range(4)]
    for output, first, then in (("half", ["--to", "2018-03-02T00:30"], ["--to", "2018-03-02T00:30"]), ("full", [], [])):
        extract(p, os.path.dirname(quarters[0]), output, *first)
        said = extract(p, os.path.dirname(quarters[0]), output, *then)
        assert "1 window in" in said and "warning" not in said, said
    said = extract(p, os.path.dirname(quarters[0]), "full", "--from", "2018-03-02T00:30", code=BAD_CONFIG)
    assert "--from or --to inside its window" in said, said  # it holds more than is asked for
    p.do("pack", *quarters, "-o", p.file("quarters.pcap.zst"))
    said = extract(p, p.file("quarters.pcap.zst"), "full")
    assert "1 window in" in said and "warning" not in said, said


def test_an_hour_that_came_late(p):
    """As archives mostly are, each file begins a second before its hour: the late one begins in a window that is not finished yet, and the one
    that it lasts into is."""
    begins = [START + HOUR * h - 1 for h in range(3)]
    for h in (0, 2):
        write(p, "late-hour/h%d.pcap" % h, capture(begins[h], begins[h] + HOUR, 100, h))
    extract(p, p.file("late-hour"), "of-late-hour", "--from", "2018-03-02T01:00", "--to", "2018-03-02T03:00")
    write(p, "late-hour/h1.pcap", capture(begins[1], begins[1] + HOUR, 100, 1))
    said = extract(p, p.file("late-hour"), "of-late-hour", code=BAD_CONFIG)
    assert "T010000.h5 was made without" in said and "h1.pcap, which begins before its window and lasts into it; 1 finished window is so" in said, said
    os.remove(p.file("of-late-hour", "features-20180302T010000.h5"))
    extract(p, p.file("late-hour"), "of-late-hour")
    extract(p, p.file("late-hour"), "of-three-hours")
    same(p, "of-late-hour", "of-three-hours")
    # Files that are not given any more are not missed, whatever the one that is left would reach to by itself.
    for h in range(3, 7):
        write(p, "late-hour/h%d.pcap" % h, capture(START + HOUR * h - 1, START + HOUR * (h + 1) - 1, 100, h))
    extract(p, p.file("late-hour"), "of-seven-hours")
    for some in ("h0.pcap", "h3.pcap", "h[16].pcap"):
        assert "windows in" in extract(p, p.file("late-hour/" + some), "of-seven-hours")


def test_an_archive_that_has_grown(p):
    write(p, "growing/a.pcap", capture(START, START + HOUR, 1000))
    extract(p, p.file("growing"), "grown")
    assert "warning" not in extract(p, p.file("growing"), "grown")
    write(p, "growing/b.pcap", capture(START + HOUR, START + 2 * HOUR, 1000))
    assert "warning" not in extract(p, p.file("growing"), "grown")
    write(p, "growing/c.pcap", capture(START + 1, START + HOUR, 1000, 2))
    said = extract(p, p.file("growing"), "grown", code=BAD_CONFIG)
    assert "T000000.h5 was made without" in said and "c.pcap" in said, said
    assert "2 windows in" in extract(p, p.file("growing"), "grown", "--from", "2018-03-02T01:00")
    os.remove(p.file("grown", "features-20180302T000000.h5"))
    extract(p, p.file("growing"), "grown")
    extract(p, p.file("growing"), "grown-at-once")
    same(p, "grown", "grown-at-once")
    # A file that goes on where it ended, and a better copy of one.
    write(p, "growing/b.pcap", capture(START + HOUR, START + 2 * HOUR, 1001))
    write(p, "growing/a.pcap", capture(START, START + HOUR, 999))
    said = extract(p, p.file("growing"), "grown", "--verbose", code=BAD_CONFIG)
    for hour, name in (("T000000", "a.pcap"), ("T010000", "b.pcap")):
        assert "%s.h5 was made from another state of %s" % (hour, p.file("growing", name)) in said, said
    assert "2 finished windows are so" in said, said


def test_hours_one_after_the_other(p):
    """The last packets of an hour make a window of their own, which must not stand for the next hour."""
    write(p, "one.pcap", capture(START, START + HOUR + 60, 1000))
    write(p, "two.pcap.gz", capture(START + HOUR + 1, START + 2 * HOUR, 1000, 2))
    extract(p, p.file("one.pcap"), "hours")
    said = extract(p, p.file("two.pcap.gz"), "hours", code=BAD_CONFIG)
    assert "T010000.h5 was made without" in said and "two.pcap.gz" in said and "--from" in said, said
    # A file that was packed since then is no other file.
    write(p, "packed/one.pcap.gz", capture(START, START + HOUR + 60, 1000))
    assert "2 windows in" in extract(p, p.file("packed"), "hours")


def test_a_capture_beside_its_packed_copy(p):
    write(p, "twins/hour.pcap", capture(START, START + HOUR, 1000))
    write(p, "twins/hour.pcap.gz", capture(START, START + HOUR, 1000))
    for command in (["extract", p.file("twins"), "-o", p.file("of-twins")], ["pack", p.file("twins"), "-o", p.file("twins.pcap.zst")]):
        for ranks in (1, 2):
            done = p.run(*command, ranks=ranks)
            assert done.returncode == BAD_CONFIG and "hour.pcap.gz are one capture" in done.stderr, done.stderr
    # Whatever stands between the two by its name.
    write(p, "twins/hour.pcap.bak", capture(START, START + HOUR, 1000))
    assert "are one capture" in extract(p, p.file("twins"), "of-three", code=BAD_CONFIG)
    os.remove(p.file("twins/hour.pcap.bak"))
    os.rename(p.file("twins/hour.pcap.gz"), p.file("twins/copy.pcap.gz"))
    assert "begin at the same time" in extract(p, p.file("twins"), "of-copies")
    # Of many it is said once.
    for name in ("a.pcap", "b.pcap", "c.pcap", "d.pcap"):
        write(p, os.path.join("copies", name), capture(START, START + HOUR, 10))
    said = extract(p, p.file("copies"), "of-four")
    assert said.count("begin at the same time") == 1 and "b.pcap, and 2 more files, begin" in said, said
    # Given one of the two afterwards, the doubled windows stay, but not unsaid.
    said = extract(p, p.file("twins/copy.pcap.gz"), "of-copies")
    assert "made with 2 files that begin when %s does, and are not all given now; 1 finished window is so" % p.file("twins/copy.pcap.gz") in said, said
    # All that stands in the way is told at once.
    extract(p, p.file("border"), "of-hours")
    said = extract(p, p.file("border"), "of-hours", "--window", "30m", "--filter", "udp", code=BAD_CONFIG)
    assert "other settings (--window, --filter); 3 feature files are there so" in said, said


def test_packets_of_windows_that_were_finished_without_their_file(p):
    """The second of three hours ends with packets of the first, which has been finished: that nothing counts them is not left unsaid, unless
    the file was there when it was."""
    strays = capture(START + HOUR - 2, START + HOUR, 2)[24:]
    for h in range(3):
        write(p, "strayed/h%d.pcap" % h, capture(START + h * HOUR, START + (h + 1) * HOUR, 100, h) + (strays if h == 1 else b""))
    lost = "2 records are in no window"
    extract(p, p.file("strayed/h0.pcap"), "of-stray")
    for archive, ranks in (("strayed/h1.pcap", 1), ("strayed/h1.pcap", 3), ("strayed", 2)):
        said = extract(p, p.file(archive), "of-stray", ranks=ranks)
        assert lost in said and "strayed/h1.pcap" in said, said
    # What the line says is to be done mends it.
    os.remove(p.file("of-stray", "features-20180302T000000.h5"))
    assert "102 records read, 102 counted" in extract(p, p.file("strayed"), "of-stray", ranks=2)
    # Nothing is said of files that were there, whatever comes beside them, or happens to them.
    hour = ["--to", "2018-03-02T01"]
    for archive, words in (("strayed/h[01].pcap", hour), ("strayed/h[01].pcap", []), ("strayed", []), ("strayed", []), ("strayed/h1.pcap", [])):
        said = extract(p, p.file(archive), "of-stray-pair", *words, ranks=2)
        assert "in no window" not in said, said
    extract(p, p.file("strayed"), "of-packed-stray", *hour)
    for h in range(3):
        subprocess.run(["gzip", p.file("strayed/h%d.pcap" % h)], check=True)
    assert "in no window" not in extract(p, p.file("strayed"), "of-packed-stray")


def test_times_as_late_as_pcap_can_say(p):
    late = 0xFFFFFFFF - HOUR
    write(p, "late.pcap", capture(late, late + 10, 100))
    extract(p, p.file("late.pcap"), "of-late")
    assert "1 window in" in extract(p, p.file("late.pcap"), "of-late")
    for path in features.files(p.file("of-late")):
        p.do("verify", path)


def test_what_earlier_runs_did_stays_told(p):
    archive = write(p, "told.pcap", capture(START, START + HOUR, 1000))
    extract(p, archive, "told")
    extract(p, archive, "told")
    extract(p, archive, "told", "--filter", "tcp", code=BAD_CONFIG)
    with open(p.file("told", "run.json")) as f:
        last = json.load(f)
    refused, again, first = last, *last["earlier"]
    assert [run["exit_code"] for run in (first, again, refused)] == [0, 0, BAD_CONFIG], last
    assert (first["tally"]["records"], again["tally"]["records"]) == (1000, 0) and "earlier" not in again, last
    p.do("report", p.file("told"), "-o", p.file("told-report"))
    with open(p.file("told-report", "tables", "runs.csv")) as f:
        assert len(f.readlines()) == 1 + 3


def test_an_hour_that_could_not_be_used_stays_told(p):
    write(p, "gap/h0.pcap", capture(START, START + HOUR, 100))
    p.do("extract", p.file("gap"), "-o", p.file("of-gap"))
    p.do("report", p.file("of-gap"), "-o", p.file("gap-report"))
    with open(p.file("gap-report/report.md")) as f:
        assert "Caveats" not in f.read()
    open(p.file("gap/h1.pcap.gz"), "wb").close()
    said = extract(p, p.file("gap"), "of-gap", code=BAD_DATA)
    assert "h1.pcap.gz is an empty file" in said and "it was passed over" in said, said
    p.do("report", p.file("of-gap"), "-o", p.file("gap-report"))
    with open(p.file("gap-report/report.md")) as f:
        caveats = f.read().split("## ")[1]
    assert caveats.startswith("Caveats") and "passed over by 1 of the runs, first by extract" in caveats, caveats
    write(p, "gap/h1.pcap.gz", capture(START + HOUR, START + 2 * HOUR, 100))
    p.do("extract", p.file("gap"), "-o", p.file("of-gap"))
    p.do("report", p.file("of-gap"), "-o", p.file("gap-report"))
    with open(p.file("gap-report/report.md")) as f:
        assert "Caveats" not in f.read()
    # A folder in which nothing is mounted.
    os.mkdir(p.file("unmounted"))
    done = p.run("extract", p.file("gap"), p.file("unmounted"), "-o", p.file("of-unmounted"))
    assert done.returncode == BAD_DATA and "unmounted holds no capture file; it was passed over" in done.stderr, done.stderr


def block(kind, body, order="<"):
    """A block of pcapng."""
    body += bytes(-len(body) % 4)
    return struct.pack(order + "II", kind, 12 + len(body)) + body + struct.pack(order + "I", 12 + len(body))


def section(link_types, order="<"):
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order) + b"".join(
        block(1, struct.pack(order + "HHI", link_type, 0, 0), order) for link_type in link_types)


def packet_block(interface, data, order="<", seconds=START):
    time = struct.pack(order + "II", seconds * 1000000 >> 32, seconds * 1000000 & 0xFFFFFFFF)
    return block(6, struct.pack(order + "I", interface) + time + struct.pack(order + "II", len(data), len(data)) + data, order)


def test_several_interfaces_of_a_pcapng_file(p):
    """Also of raw IP, a link type for which libpcap has a number of its own, in both byte orders, over many blocks."""
    for order in "<>":
        for link_type, skip in ((1, 0), (101, 14)):
            content = section([link_type] * 3, order) + b"".join(packet_block(i % 3, packet(i + 1, 0x0A000001, 23)[skip:], order) for i in range(6000))
            name = "interfaces-%s-%d.pcapng" % ("le" if order == "<" else "be", link_type)
            said = extract(p, write(p, name, content + section([link_type] * 2, order) + packet_block(1, packet(1, 2, 3)[skip:], order)), "of-" + name)
            assert "6001 records read, 6001 counted" in said, said
            for cut in (1, 11, 13, 21):
                assert "6000 records read" in extract(p, write(p, "cut-" + name, content + section([link_type], order)[:-cut]), "of-cut-%d-%s" % (cut, name),
                                                      code=BAD_DATA)


def test_the_largest_record_of_a_pcapng_file(p):
    content = section([1])
    for i in range(3):
        content += packet_block(0, packet(i + 1, 0x0A000001, 23, 262144 - 54 if i == 1 else 0))
    for ending in (".pcapng", ".pcapng.gz"):
        said = extract(p, write(p, "largest" + ending, content), "of-largest" + ending)
        assert "3 records read, 3 counted" in said, said


def test_times_beyond_those_of_pcap(p):
    """pcapng has 64 bits for a time, the records that it is rewritten to 32 for the seconds: nothing happens silently."""
    frames = [packet_block(0, packet(i + 1, 0x0A000001, 23), seconds=START if i < 2 else (1 << 32) + i) for i in range(5)]
    said = extract(p, write(p, "late.pcapng", section([1]) + b"".join(frames)), "of-late-ng", code=BAD_DATA)
    place = len(section([1]) + b"".join(frames[:2]))
    assert "5 records read, 5 counted" in said and "at byte %d: 3 packets, the first of them here" % place in said, said


def test_a_link_to_nothing(p):
    write(p, "links/a.pcap", capture(START, START + HOUR, 1000))
    os.symlink("gone", p.file("links", "b.pcap"))
    said = extract(p, p.file("links"), "of-links", code=BAD_DATA)
    assert "b.pcap" in said and "1000 counted" in said, said


def test_a_damaged_window_of_an_index(p):
    """The index is not believed, the file is read without it, and a good one takes its place."""
    archive, index = p.file("long.pcap.gz"), p.file("long.pcap.gz.dfx")
    content = capture(START, START + HOUR, 2200000)
    write(p, "long.pcap.gz", content)
    extract(p, archive, "of-long")
    with open(index, "rb") as f:
        good = f.read()
    for ranks in (2, 3):  # of which one inflates for the others
        os.remove(index)
        extract(p, archive, "of-long-%d" % ranks, ranks=ranks)
        same(p, "of-long-%d" % ranks, "of-long")
        with open(index, "rb") as f:
            assert f.read() == good
    with open(index, "wb") as f:
        f.write(good[:-1] + bytes([good[-1] ^ 1]))
    said = extract(p, archive, "of-damaged", ranks=3)
    assert "an index is damaged" in said, said
    same(p, "of-damaged", "of-long")
    with open(index, "rb") as f:
        assert f.read() == good
    with open(index, "wb") as f:
        f.write(good[:-1] + bytes([good[-1] ^ 1]))
    p.do("pack", archive, "-o", p.file("long.pcap.zst"), ranks=3)
    extract(p, p.file("long.pcap.zst"), "of-packed")
    same(p, "of-packed", "of-long")
    at = 24 + 2180000 * RECORD + 11  # in the last block but one: the file has been inflated to its end before it is found
    write(p, "long.pcap.gz", content[:at] + b"\x55" + content[at + 1:])
    os.remove(index)
    said = extract(p, archive, "of-long-damaged", ranks=2, code=BAD_DATA)
    assert "reading again" in said and "2180000 records read" in said and not os.path.exists(index), said


def misleading(times):
    """Packets that hold headers which lead to each other, with these times."""
    rng = random.Random(7)
    records = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)]
    for i, time in enumerate(times):
        start = packet(rng.getrandbits(32) | 1, 0x0A000000 | rng.getrandbits(16), 23)
        lengths = struct.pack("<II", len(start) + 60, len(start) + 60)
        records.append(struct.pack("<II", int(START + i / 20), 0) + lengths + start + bytes(20) + struct.pack("<II", int(time), 0) + lengths + bytes(24))
    return b"".join(records)


def test_headers_inside_packets(p):
    """Where a block of what one rank inflates ends is guessed wrongly, and found out; as is where a slice of a plain file begins. Nor does
    a run end for the times that such headers say, of more windows than memory has room for."""
    n = 60000
    near = misleading(START + i / 20 for i in range(n))
    far = misleading(START + 3 * HOUR * min(i % 6000, 6000 - i % 6000) for i in range(n))
    for name, content, again in (("near.pcap.gz", near, 1), ("far.pcap.gz", far, 0), ("far.pcap", far, 0)):
        archive = write(p, name, content)
        for ranks in (1, 2, 3):
            output = "of-%s-%d" % (name, ranks)
            said = extract(p, archive, output, "--memory", "32MiB", ranks=ranks)
            assert not again or ("reading again" in said) == (ranks > 1), said
            assert "60000 records read, 60000 counted" in said and "windows are open" not in said, said
            same(p, output, "of-%s-1" % name)


def test_a_damaged_header_under_gzip(p):
    """What is behind it counts for nothing, though one rank inflates ahead of those who find it."""
    whole = capture(START, START + HOUR, 80000)
    at = 24 + 40000 * RECORD + 11  # far from the end of a block of a MiB
    archive = write(p, "damaged-header.pcap.gz", whole[:at] + b"\x55" + whole[at + 1:])
    for ranks in (1, 2, 3):
        said = extract(p, archive, "of-damaged-header-%d" % ranks, ranks=ranks, code=BAD_DATA)
        assert "40000 records read, 40000 counted" in said and "a record header is damaged" in said, said
        assert ("reading again" in said) == (ranks > 1), said
        same(p, "of-damaged-header-%d" % ranks, "of-damaged-header-1")


def test_more_windows_than_open_files(p):
    n = 150
    archive = write(p, "short-windows.pcap", capture(START, START + n, 400000))
    words = ["extract", archive, "--window", "1s", "--memory", "32MiB", "-o"]
    command = "ulimit -Sn 100; exec \"$@\""
    done = subprocess.run(["sh", "-c", command, "sh", p.path, *words, p.file("few-files")], env=ENVIRONMENT, capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 0 and "%d windows written" % n in done.stderr, done.stderr
    with open(p.file("few-files", "run.json")) as f:
        assert json.load(f)["spilled_bytes"] > 0
    p.do(*words[:-3], "-o", p.file("many-files"))
    same(p, "few-files", "many-files")


def test_too_many_windows_over_all_ranks(p):
    """No rank has too many by itself."""
    archive = write(p, "wide.pcap", capture(START, START + 24000, 24000))
    for ranks in (1, 4):
        said = extract(p, archive, "of-wide-%d" % ranks, "--window", "1s", ranks=ranks, code=BAD_CONFIG)
        assert said.count("more than 16000 windows") == 1, said
        assert not features.files(p.file("of-wide-%d" % ranks))


def test_a_name_that_is_not_text(p):
    archive = os.path.join(os.fsencode(p.folder), b"x\xff.pcap")
    with open(archive, "wb") as f:
        f.write(capture(START, START + HOUR, 10))
    extract(p, archive, "of-x")
    with open(p.file("of-x", "run.json")) as f:
        assert [i["file"][-7:] for i in json.load(f)["inputs"]] == ["x?.pcap"]


def test_why_nothing_was_counted(p):
    said = extract(p, p.file("links", "a.pcap"), "none", "--from", "2018-03-02T00:59:59")
    assert "no packet was counted: of 1000 records 1000 are tallied as out_of_range" in said and "remove" not in said, said
    assert os.listdir(p.file("none")) == ["run.json"]
    said = extract(p, p.file("links", "a.pcap"), "nothing", "--from", "2019-01-01")
    assert "no record was read" in said and "remove" not in said and os.listdir(p.file("nothing")) == ["run.json"], said
    said = extract(p, p.file("links", "a.pcap"), "wrong-month", "--from", "2019-01-01", "--to", "2019-01-01T02")
    assert "; remove the empty feature files" in said and len(os.listdir(p.file("wrong-month"))) == 3, said


def main():
    with Program(sys.argv[1]) as p:
        for name, test in list(globals().items()):
            if name.startswith("test_"):
                test(p)
                print(name, flush=True)


if __name__ == "__main__":
    main()
