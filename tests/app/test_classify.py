"""
classify against the other commands: its rows are those of extract, its shares are those that XGBoost computes from the exported model;
files, a pipe, several ranks and the feature files of the same packets say the same; a live pipe speaks before it ends.
"""
import csv
import datetime
import gzip
import io
import json
import os
import select
import shutil
import signal
import struct
import subprocess
import sys
import time
import zlib

import h5py
import numpy as np
import xgboost

import features
from program import ENVIRONMENT, Program

CLASSES = ["scanning", "backscatter", "misconfiguration"]
RULES = ["port_scan", "network_scan", "stealth_tcp", "stealth_icmp", "backscatter", "misconfiguration"]


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def seconds(stamp):
    return int(datetime.datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc).timestamp())


def number(address):
    a, b, c, d = map(int, address.split("."))
    return a << 24 | b << 16 | c << 8 | d


def make_inputs(p):
    p.do("synth", "--scale", "0.01", "--packets", "300000", "-o", p.file("hour.pcap.gz"), "--devices-out", p.file("devices.csv"))
    p.do("extract", p.file("hour.pcap.gz"), "--devices", p.file("devices.csv"), "--window", "20m", "-o", p.file("features"))
    p.do("train", p.file("features"), "--learner", "all", "-o", p.file("models.h5"))


def shares(rows):
    return np.array([[float(row[c]) for c in CLASSES] for row in rows])


def check_rows(p, rows):
    """The same sources, windows, categories and rule verdicts as extract's, in the same order."""
    found = features.columns(p.file("features"))
    assert len(rows) == len(found["address"]) > 1000
    for name, wanted, value in [
        ("window_start", found["window_start"], lambda r: seconds(r["window_start"])),
        ("address", found["address"], lambda r: number(r["address"])),
        ("category", found["category"], lambda r: r["category"]),
        ("packets", found["packets"], lambda r: int(r["packets"])),
        ("label", found["label"], lambda r: CLASSES.index(r["rule_verdict"])),
        ("rule", found["rule"], lambda r: RULES.index(r["rule"])),
    ]:
        values = [value(row) for row in rows]
        assert values == list(wanted), "%s differs from extract's" % name
    of_rows = shares(rows)
    assert np.abs(of_rows.sum(axis=1) - 1).max() < 1e-4
    assert all(row["verdict"] == CLASSES[s.argmax()] for row, s in zip(rows, of_rows))


def check_shares(p, rows, name):
    """The exported model in XGBoost, on the features that extract wrote."""
    p.do("export", p.file("models.h5"), "--model", name, "-o", p.file(name + ".json"))
    booster = xgboost.Booster()
    booster.load_model(p.file(name + ".json"))
    found = features.columns(p.file("features"))
    table = np.column_stack([found[f] for f in booster.feature_names]).astype(float)
    theirs = booster.predict(xgboost.DMatrix(table, feature_names=booster.feature_names))
    assert json.loads(booster.attr("classes")) == CLASSES
    away = np.abs(theirs - shares(rows)).max()
    assert away < 5e-6, "%s: XGBoost's shares differ by up to %g" % (name, away)


def check_models(p, common):
    for name in ["forest-depth-2", "forest-depth-3", "boosting", "adaboost-samme", "adaboost-samme-r", "bayes"]:
        rows = rows_of(p.do("classify", p.file("models.h5"), p.file("hour.pcap.gz"), "--model", name, *common).stdout)
        check_rows(p, rows)
        if name != "bayes":
            check_shares(p, rows, name)


def check_ways_in(p, common):
    """A file, several ranks, standard input, JSON lines: one and the same."""
    words = ["classify", p.file("models.h5"), p.file("hour.pcap.gz"), "--model", "boosting", *common]
    plain = p.do(*words).stdout
    assert p.do(*words, ranks=2).stdout == plain
    with open(p.file("hour.pcap.gz"), "rb") as capture:
        words[2] = "-"
        piped = subprocess.run([p.path, *words], stdin=capture, env=ENVIRONMENT, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, check=True)
    assert piped.stdout == plain
    lines = [json.loads(line) for line in p.do(*words[:2], p.file("hour.pcap.gz"), *words[3:], "--format", "jsonl").stdout.splitlines()]
    for row, line in zip(rows_of(plain), lines, strict=True):
        flat = dict(line, packets=str(line["packets"]), **{c: line["shares"][c] for c in CLASSES})
        del flat["shares"]
        assert {k: v for k, v in row.items() if k not in CLASSES} == {k: v for k, v in flat.items() if k not in CLASSES}
        assert all(float(row[c]) == flat[c] for c in CLASSES)


def check_feature_files(p, common):
    """The rows that extract made of the same packets: the same verdicts, and the rules' that the files hold."""
    models, folder = p.file("models.h5"), p.file("features")
    hours = sorted(os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".h5"))
    assert len(hours) > 2
    for form in ("csv", "jsonl"):
        words = ["--model", "boosting", "--format", form]
        of_packets = p.do("classify", models, p.file("hour.pcap.gz"), *words, *common).stdout
        for inputs in ([folder], hours[::-1], [os.path.join(folder, "features-*.h5"), hours[0]]):
            done = p.do("classify", models, *inputs, *words)
            assert done.stdout == of_packets and "the model learned" not in done.stderr, (inputs, done.stderr)
        assert p.do("classify", models, folder, *words, ranks=2).stdout == of_packets
    check_other_feature_files(p, hours)


def check_other_feature_files(p, hours):
    """Of another window: said once. Without categories, with a row of none that there is, damaged, beside a capture."""
    models, other = p.file("models.h5"), p.file("minutes")
    p.do("extract", p.file("hour.pcap.gz"), "--window", "5m", "-o", other)
    done = p.do("classify", models, other, "--model", "boosting")
    assert done.stderr.count("learned from windows of 1200 s, these are of 300 s") == 1, done.stderr
    assert {row["category"] for row in rows_of(done.stdout)} == {"none"}
    spoiled = p.file("spoiled.h5")
    shutil.copy(hours[1], spoiled)
    with h5py.File(spoiled, "r") as f:
        chunk = f["sources/packets"].id.get_chunk_info(0)
    with open(spoiled, "r+b") as f:
        f.seek(chunk.byte_offset + chunk.size // 2)
        byte = f.read(1)[0]
        f.seek(-1, os.SEEK_CUR)
        f.write(bytes([byte ^ 1]))
    done = p.run("classify", models, hours[0], spoiled, "--model", "boosting")
    assert done.returncode == 65 and "spoiled.h5 is not whole" in done.stderr, done.stderr
    assert "boosting: 1 feature file, " in done.stderr, done.stderr
    assert {row["window_start"] for row in rows_of(done.stdout)} == {"2016-12-31T23:40:00Z"}
    shutil.copy(hours[1], spoiled)
    with h5py.File(spoiled, "r+") as f:
        names = f["sources/category"].attrs["categories"]
        f["sources/category"].attrs["categories"] = names[:1]
    done = p.run("classify", models, spoiled, "--model", "boosting")
    assert done.returncode == 65 and "spoiled.h5 is not whole" in done.stderr and not rows_of(done.stdout), done.stderr
    half = p.file("half", os.path.basename(hours[0]))
    os.makedirs(os.path.dirname(half))
    shutil.copy(hours[0], half)
    os.truncate(half, 5000)
    for words, code, names in [
        ([half], 65, "not an HDF5 file, or a damaged one"),
        ([p.file("half")], 65, "not an HDF5 file, or a damaged one"),
        ([hours[0], p.file("hour.pcap.gz")], 65, "hour.pcap.gz"),
        ([p.file("hour.pcap.gz"), hours[0]], 65, os.path.basename(hours[0])),
        ([hours[0], "--window", "1h"], 64, "--window"),
        ([hours[0], "--devices", p.file("devices.csv")], 64, "--devices"),
        ([hours[0], p.file("none.h5")], 66, "none.h5"),
    ]:
        done = p.run("classify", models, *words, "--model", "boosting")
        assert done.returncode == code and names in done.stderr, (words, done.returncode, done.stderr)


def frame(source):
    """A SYN to port 23."""
    tcp = struct.pack(">HHIIBBHHH", 1234, 23, 1, 0, 0x50, 0x02, 100, 0, 0)
    ip = struct.pack(">BBHHHBBHII", 0x45, 0, 20 + len(tcp), 1, 0, 60, 6, 0, source, 0x0A000001)
    return bytes(12) + b"\x08\x00" + ip + tcp


HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)


def record(second, source):
    data = frame(source)
    return struct.pack("<IIII", 1483228800 + second, 0, len(data), len(data)) + data


def read_lines(stream, n, within):
    """n lines, or those that came in time."""
    lines, end = [], time.monotonic() + within
    rest = b""
    while len(lines) < n and select.select([stream], [], [], max(0, end - time.monotonic()))[0]:
        piece = os.read(stream.fileno(), 65536)
        if not piece:
            break
        *whole, rest = (rest + piece).split(b"\n")
        lines += whole
    return lines


def block(kind, body):
    n = 12 + len(body)
    return struct.pack("<II", kind, n) + body + struct.pack("<I", n)


NG_HEADER = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)) + block(1, struct.pack("<HHI", 1, 0, 65535))


def ng_record(second, source):
    data = record(second, source)[16:]
    us = (1483228800 + second) * 1000000
    return block(6, struct.pack("<IIIII", 0, us >> 32, us & 0xFFFFFFFF, len(data), len(data)) + data + bytes(-len(data) % 4))


class Flushed:
    """One gzip member, flushed after each piece."""
    def __init__(self):
        self.packer = zlib.compressobj(wbits=31)

    def __call__(self, piece, last=False):
        return self.packer.compress(piece) + self.packer.flush(zlib.Z_FINISH if last else zlib.Z_SYNC_FLUSH)


STATISTICS = block(5, struct.pack("<III", 0, 0, 0))


class Begun:
    """The next block has begun when a piece ends: it is no packet yet."""
    def __init__(self):
        self.rest = b""

    def __call__(self, piece, last=False):
        piece, self.rest = self.rest + piece, STATISTICS[9:]
        return piece + (b"" if last else STATISTICS[:9])


def and_statistics(piece, last=False):
    return piece + STATISTICS


def plain(piece, last=False):
    return piece


def member(piece, last=False):
    return gzip.compress(piece)


def one_frame(piece, last=False):
    return subprocess.run(["zstd", "-qc"], input=piece, stdout=subprocess.PIPE, check=True).stdout


LIVE_FORMS = {
    "pcap": (HEADER, record, plain),
    "pcap, gzip members": (HEADER, record, member),
    "pcap, gzip flushed": (HEADER, record, Flushed()),
    "pcap, zstd frames": (HEADER, record, one_frame),
    "pcapng": (NG_HEADER, ng_record, plain),
    "pcapng, with blocks that are no packets": (NG_HEADER, ng_record, and_statistics),
    "pcapng, in the middle of a block": (NG_HEADER, ng_record, Begun()),
    "pcapng, gzip members": (NG_HEADER, ng_record, member),
}


def check_live(p, header, record, pack):
    """Minutes: the first is told when a packet of the third comes, not before; a straggler is counted as late."""
    words = [p.path, "classify", p.file("models.h5"), "-", "--model", "boosting", "--window", "1m"]
    with subprocess.Popen(words, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as live:
        def send(*records):
            live.stdin.write(pack(b"".join(records)))
            live.stdin.flush()

        send(header, record(10, 1), record(65, 2), record(20, 3))
        assert len(read_lines(live.stdout, 1, 10)) == 1, "the head comes at once"
        send(record(119, 2))
        assert read_lines(live.stdout, 1, 0.5) == [], "minute 0 is open until minute 2 begins"
        send(record(120, 4))
        told = read_lines(live.stdout, 2, 10)
        assert [line.split(b",")[:2] for line in told] == [
            [b"2017-01-01T00:00:00Z", b"0.0.0.1"], [b"2017-01-01T00:00:00Z", b"0.0.0.3"]], told
        rest, talk = live.communicate(pack(record(30, 5) + record(118, 6), last=True), timeout=30)
        assert live.returncode == 0, talk
    assert [line.split(b",")[1] for line in rest.splitlines()] == [b"0.0.0.2", b"0.0.0.6", b"0.0.0.4"], rest
    assert b"1 records came after" in talk, talk


def check_leaps(p):
    """A packet whose time is far ahead closes nothing, also as the first; three in a row are a gap, and what comes before it is late."""
    words = ["classify", p.file("models.h5"), p.file("leap.pcap"), "--model", "boosting", "--window", "1m"]

    def told(*records):
        with open(p.file("leap.pcap"), "wb") as f:
            f.write(HEADER + b"".join(records))
        done = p.do(*words)
        return [(row["window_start"], row["address"]) for row in rows_of(done.stdout)], done.stderr

    usual = [record(second, 1) for second in range(10, 300, 10)]
    minutes = [("2017-01-01T00:0%d:00Z" % minute, "0.0.0.1") for minute in range(5)]
    far = ("2017-01-02T00:00:00Z", "0.0.0.9")
    for at in (0, 1, 15, len(usual)):
        for n in (1, 2):
            rows, talk = told(*usual[:at], *[record(86400, 9)] * n, *usual[at:])
            assert rows == minutes + [far] and "late" not in talk and "came after" not in talk, (at, n, rows, talk)
    rows, talk = told(*usual[:15], *[record(86400, 9)] * 3, *usual[15:])
    assert rows == minutes[:3] + [far], rows
    assert talk.count("a packet of 2017-01-01T00:02:40Z came after its window was reported: time had moved on, and packets before "
                      "2017-01-01T23:59:00Z are counted as late") == 1, talk
    assert "14 records came after" in talk, talk
    # After the first leap time is that of the lesser one, and the next record in a row counts anew: as one by one, so at once.
    hours = [0, 1, 2, *(36000 + s for s in (0, 7200, 7201, 7202, 7203, 7204, 5))]
    records = [record(second, i) for i, second in enumerate(hours)]
    rows, talk = told(*records)
    with subprocess.Popen([p.path, *words[:2], "-", *words[3:]], env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as live:
        for piece in (HEADER, *records):
            live.stdin.write(piece)
            live.stdin.flush()
            time.sleep(0.05)
        out, live_talk = live.communicate(timeout=30)
    assert [(row["window_start"], row["address"]) for row in rows_of(out.decode())] == rows and len(rows) == 9, rows
    assert "1 records came after" in talk and b"1 records came after" in live_talk, (talk, live_talk)
    apart = [record(second, 1) for second in range(0, 86400, 600)]  # never two in one window or the next
    rows, talk = told(*apart[:50], record(8640000, 9), *apart[50:])
    assert len(rows) == len(apart) + 1 and "late" not in talk, (len(rows), talk)


def check_quiet(p):
    """A pipe in which nothing comes: a wish to stop is heard all the same, and the windows that are open are told."""
    words = [p.path, "classify", p.file("models.h5"), "-", "--model", "boosting", "--window", "1m"]
    signal.signal(signal.SIGINT, signal.default_int_handler)  # not ignored, as it is where this test runs in the background
    for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT):
        with subprocess.Popen(words, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as live:
            live.stdin.write(HEADER + record(10, 1))
            live.stdin.flush()
            assert len(read_lines(live.stdout, 1, 10)) == 1
            live.send_signal(number)
            told = read_lines(live.stdout, 1, 10)
            assert live.wait(timeout=10) == 75 and told[0].split(b",")[1] == b"0.0.0.1", told
            assert b"stopping: signal" in live.stderr.read()


def check_silent(p):
    """A pipe that has not even said what it is."""
    for begun in (b"", HEADER[:10]):
        with subprocess.Popen([p.path, "classify", p.file("models.h5"), "-", "--model", "boosting"], env=ENVIRONMENT, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as live:
            live.stdin.write(begun)
            live.stdin.flush()
            assert len(read_lines(live.stdout, 1, 10)) == 1, "the head comes at once"
            live.send_signal(signal.SIGTERM)
            assert live.wait(timeout=10) == 75 and b"stopping: signal TERM" in live.stderr.read()


def check_rules(p):
    """Beside the model's verdict stands that of the rules which it learned from, unless others are given."""
    rules, strict = p.file("strict.ini"), p.file("strict")
    with open(rules, "w") as f:
        f.write("[stealth_tcp]\nfewer_syn_than = 2\n")
    p.do("label", p.file("features"), "--rules", rules, "-o", strict)
    p.do("train", strict, "--learner", "bayes", "-o", p.file("strict.h5"))
    words = [p.file("hour.pcap.gz"), "--model", "bayes", "--devices", p.file("devices.csv")]

    def verdicts(model, *more):
        return [RULES.index(row["rule"]) for row in rows_of(p.do("classify", p.file(model), *words, *more).stdout)]

    paper, other = ([int(rule) for rule in features.columns(p.file(folder))["rule"]] for folder in ("features", "strict"))
    assert paper != other
    assert verdicts("models.h5") == paper and verdicts("strict.h5") == other
    assert verdicts("models.h5", "--rules", rules) == other
    with h5py.File(p.file("strict.h5"), "r+") as f:
        f.attrs["rules"] = np.bytes_("[stealth_tcp]\nfewer_syn_than = many\n")
    done = p.run("classify", p.file("strict.h5"), *words)
    assert done.returncode == 65 and "strict.h5 is damaged" in done.stderr, done.stderr


def check_overlap(p):
    """Two monitors of the same minutes: the second file's packets are not late, and sources are counted over both."""
    for name, offset in (("a", 0), ("b", 1)):
        with open(p.file(name + ".pcap"), "wb") as f:
            f.write(HEADER + b"".join(record(s + offset, 1 + s % 3) for s in range(0, 600, 7)))
    words = ["classify", p.file("models.h5"), p.file("a.pcap"), p.file("b.pcap"), "--model", "boosting", "--window", "1m"]
    done = p.do(*words)
    assert "came after" not in done.stderr and "learned from windows of 1200 s, these are of 60 s" in done.stderr, done.stderr
    assert sum(int(row["packets"]) for row in rows_of(done.stdout)) == 2 * len(range(0, 600, 7))


def write_capture(path, *records):
    with open(path, "wb") as f:
        f.write(HEADER + b"".join(records))


def check_wrong_begin(p):
    """A file whose first packet is far ahead, after a gap: time does not go there."""
    write_capture(p.file("early.pcap"), *[record(second, 1) for second in range(0, 300, 10)])
    write_capture(p.file("wrong.pcap"), record(86400, 9), *[record(second, 1) for second in range(600, 900, 10)])
    done = p.do("classify", p.file("models.h5"), p.file("early.pcap"), p.file("wrong.pcap"), "--model", "boosting", "--window", "1m")
    assert len(rows_of(done.stdout)) == 11 and "came after" not in done.stderr, done.stderr


def check_tiny_files(p):
    """A file a packet or two: windows are told as time moves on from file to file, and do not pile up."""
    for n, n_files, window in ((1, 200, "1m"), (1, 200, "20s"), (2, 2100, "20s")):  # 20s: with gaps between
        folder = p.file("tiny-%d-%s" % (n, window))
        os.mkdir(folder)
        for first in range(0, n * n_files, n):
            write_capture(os.path.join(folder, "%04d.pcap" % first), *[record(60 * minute, 1) for minute in range(first, first + n)])
        done = p.do("classify", p.file("models.h5"), folder, "--model", "boosting", "--window", window)
        starts = [row["window_start"] for row in rows_of(done.stdout)]
        assert len(starts) == n * n_files and starts == sorted(starts), (n, window, len(starts))
        assert "came after" not in done.stderr and "strays" not in done.stderr, done.stderr


def check_strays(p):
    """Many packets whose times are wrong: windows far ahead stay open up to a number, those beyond are told, and nothing else is lost."""
    records, n_wrong = [], 0
    for second in range(30000):
        if second % 6 == 5:  # never three in a row
            n_wrong += 1
            records.append(record(100000000 + 7919 * 60 * n_wrong, 9))
        else:
            records.append(record(second, 1))
    write_capture(p.file("strays.pcap"), *records)
    done = p.do("classify", p.file("models.h5"), p.file("strays.pcap"), "--model", "boosting", "--window", "1m")
    rows = rows_of(done.stdout)
    usual, far = ([row for row in rows if row["address"] == address] for address in ("0.0.0.1", "0.0.0.9"))
    assert len(usual) == 500 and sum(int(row["packets"]) for row in usual) == 25000, len(usual)
    assert len(far) == 1024 and "boosting: 30000 records" in done.stderr, (len(far), done.stderr)
    assert "%d records are strays" % (n_wrong - 1024) in done.stderr and "came after" not in done.stderr, done.stderr
    assert done.stderr.count(" is left out, for time is 2017-01-01T01:4") == 1, done.stderr


def check_too_wide(p):
    """Files that overlap by too many windows: what is open is told all the same."""
    write_capture(p.file("wide-a.pcap"), *[record(60 * minute, 1) for minute in range(4200)])
    write_capture(p.file("wide-b.pcap"), record(1, 2))
    done = p.run("classify", p.file("models.h5"), p.file("wide-a.pcap"), p.file("wide-b.pcap"), "--model", "boosting", "--window", "1m")
    assert done.returncode == 65 and "more than 4096 windows are open at once" in done.stderr, done.stderr
    assert len(rows_of(done.stdout)) == 4096, len(rows_of(done.stdout))


def check_refusals(p):
    models, hour = p.file("models.h5"), p.file("hour.pcap.gz")
    with open(models, "rb") as f:
        whole = f.read()
    with open(p.file("cut.h5"), "wb") as f:
        f.write(whole[: len(whole) // 2])
    for words, code, names in [
        ([], 64, "model file"),
        ([models], 64, "capture"),
        ([models, hour], 64, "--model"),
        ([models, hour, "--model", "oracle"], 64, "oracle"),
        ([models, "-", hour, "--model", "boosting"], 64, "standard input"),
        ([models, hour, "--model", "boosting", "--window", "0s"], 64, "--window"),
        ([models, hour, "--model", "boosting", "--filter", "no such thing"], 64, "no such thing"),
        ([models, p.file("none.pcap"), "--model", "boosting"], 66, "none.pcap"),
        ([p.file("none.h5"), hour], 66, "none.h5"),
        ([p.file("cut.h5"), hour], 65, "cut.h5"),
        ([hour, hour], 65, "hour.pcap.gz"),
    ]:
        for ranks in (1, 2):
            done = p.run("classify", *words, ranks=ranks)
            assert done.returncode == code and names in done.stderr, (words, done.returncode, done.stderr)
    with open("/dev/full", "w") as full:
        words = [p.path, "classify", models, hour, "--model", "boosting"]
        done = subprocess.run(words, env=ENVIRONMENT, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 74 and "standard output" in done.stderr, done.stderr


def main():
    with Program(sys.argv[1]) as p:
        make_inputs(p)
        common = ["--devices", p.file("devices.csv")]  # in windows as long as those that the models learned from
        check_models(p, common)
        check_ways_in(p, common)
        check_feature_files(p, common)
        for form, parts in LIVE_FORMS.items():
            print("live:", form)
            check_live(p, *parts)
        check_leaps(p)
        check_quiet(p)
        check_silent(p)
        check_rules(p)
        check_overlap(p)
        check_wrong_begin(p)
        check_tiny_files(p)
        check_strays(p)
        check_too_wide(p)
        check_refusals(p)


main()
