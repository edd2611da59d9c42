"""
What pack writes: any zstd reads it back to the very packets; the same bytes come out for any number of ranks and however the packets
were compressed before; extract reads only the frames of its slice of time, found here through the public seek table; a damaged input
gives what it holds; a run that fails or is stopped leaves nothing.
"""
import os
import shutil
import signal
import struct
import subprocess
import sys
import time

import h5py

import features
from program import ENVIRONMENT, Program

BAD_USAGE, BAD_DATA, NO_INPUT, IO_FAILED, STOPPED = 64, 65, 66, 74, 75
START = 1483228800  # of the synthetic hour
PACKETS = 750000  # more inflated bytes than one part of a gzip index holds


def content(path):
    with open(path, "rb") as f:
        return f.read()


def inflated(packed):
    return subprocess.run(["zstd", "-dcq"], input=packed, stdout=subprocess.PIPE, check=True).stdout


def frames(packed):
    """(offset, n_bytes) of each data frame, by the seek table of zstd's seekable format."""
    n, descriptor, magic = struct.unpack("<IBI", packed[-9:])
    assert magic == 0x8F92EAB1 and descriptor == 0
    entries = struct.unpack("<%dI" % (2 * n), packed[-9 - 8 * n:-9])
    found, offset = [], 0
    for n_bytes, n_inflated in zip(entries[::2], entries[1::2]):
        if n_inflated:
            found.append((offset, n_bytes))
        offset += n_bytes
    assert offset == len(packed) - 9 - 8 * n - 8, "frames and seek table fill the file"
    return found


def seconds_of(records):
    """The first and the last second of little-endian records, which must be whole."""
    at, seconds = 0, []
    while at < len(records):
        second, _, captured, _ = struct.unpack_from("<IIII", records, at)
        seconds.append(second)
        at += 16 + captured
    assert at == len(records), "a frame of whole records"
    return min(seconds), max(seconds)


def assert_same_sources(folder, other):
    names = [os.path.basename(path) for path in features.files(folder)]
    assert names and names == [os.path.basename(path) for path in features.files(other)], (folder, other)
    for name in names:
        one, two = os.path.join(folder, name), os.path.join(other, name)
        with h5py.File(one, "r") as f, h5py.File(two, "r") as g:
            assert f["sources/address"].shape == g["sources/address"].shape, name
        subprocess.run(["h5diff", one, two, "/sources"], check=True)


def extract(p, archive, output, *words, ranks=1, code=0):
    done = p.run("extract", archive, "-o", p.file(output), "--window", "20m", *words, ranks=ranks)
    assert done.returncode == code, (archive, done.returncode, done.stderr)
    return p.file(output)


def make_inputs(p):
    """The same packets as the reader of pack meets them. The gzip file is too large to be packed whole by one rank."""
    p.do("synth", "-o", p.file("hour.pcap"), "--packets", str(PACKETS), "--sources", "20000")
    subprocess.run("gzip -1k hour.pcap; zstd -qk hour.pcap; mkdir indexed; ln hour.pcap.gz indexed/hour.pcap.gz", shell=True,
                   check=True, cwd=p.folder)
    extract(p, p.file("indexed", "hour.pcap.gz"), "reference")
    assert os.path.exists(p.file("indexed", "hour.pcap.gz.dfx"))
    os.remove(p.file("hour.pcap.gz"))
    shutil.copy(p.file("indexed", "hour.pcap.gz"), p.file("hour.pcap.gz"))


def test_indexes_in_one_folder(p):
    """Files of one name, in a folder each: their indexes do not get in each other's way, and are found by another name of the path."""
    for day in ("day1", "day2"):
        os.mkdir(p.file(day))
        shutil.copy(p.file("hour.pcap.gz"), p.file(day, "hour.pcap.gz"))
        extract(p, p.file(day, "hour.pcap.gz"), "of-" + day, "--index-dir", p.file("kept", "indexes"))
    indexes = {name: os.stat(p.file("kept", "indexes", name)).st_mtime_ns for name in os.listdir(p.file("kept", "indexes"))}
    assert len(indexes) == 2 and all(name.startswith("hour.pcap.gz-") for name in indexes), indexes
    os.symlink("day1", p.file("today"))
    for archive in ("day1", "day2", "today"):
        done = p.do("extract", p.file(archive, "hour.pcap.gz"), "-o", p.file("again-" + archive), "--window", "20m", "--index-dir",
                    p.file("kept", "indexes"), ranks=2)
        assert "warning" not in done.stderr, done.stderr
        assert_same_sources(p.file("again-" + archive), p.file("reference"))
    assert indexes == {name: os.stat(p.file("kept", "indexes", name)).st_mtime_ns for name in os.listdir(p.file("kept", "indexes"))}
    assert not any(os.path.exists(p.file(day, "hour.pcap.gz.dfx")) for day in ("day1", "day2"))


def test_the_same_bytes_always(p):
    p.do("pack", p.file("hour.pcap"), "-o", p.file("packed.pcap.zst"))
    packed = content(p.file("packed.pcap.zst"))
    assert inflated(packed) == content(p.file("hour.pcap"))
    subprocess.run(["zstd", "-tq", p.file("packed.pcap.zst")], check=True)
    for archive, all_ranks in [("hour.pcap", (2, 3, 5)), ("hour.pcap.gz", (1, 2, 3, 5)), ("indexed/hour.pcap.gz", (1, 3)),
                               ("hour.pcap.zst", [2]), ("packed.pcap.zst", (1, 5))]:
        for ranks in all_ranks:
            done = p.do("pack", p.file(archive), "-o", p.file("again.pcap.zst"), ranks=ranks)
            assert "warning" not in done.stderr, done.stderr
            assert content(p.file("again.pcap.zst")) == packed, (archive, ranks)


def test_the_same_sources(p):
    for ranks in (1, 2, 3, 5):
        assert_same_sources(extract(p, p.file("packed.pcap.zst"), "of-packed-%d" % ranks, ranks=ranks), p.file("reference"))


def test_only_the_slice_is_read(p):
    """Frames outside the slice are overwritten: nobody may notice who asks for the slice alone."""
    packed = bytearray(content(p.file("packed.pcap.zst")))
    begin, end = START + 1200, START + 2400
    all_frames = frames(packed)
    n_ruined = n_before = 0
    for i, (offset, n) in enumerate(all_frames):
        records = inflated(bytes(packed[offset:offset + n]))
        if i == 0:
            assert len(records) == 24, "the file header is a frame of its own"
            n_before = 24
            continue
        assert n_before >> 20 == i - 1, "a frame starts with the first record of its MiB"
        n_before += len(records)
        first, last = seconds_of(records)
        if i > 1 and (last < begin or first >= end):  # the first one tells when the file begins
            packed[offset:offset + n] = bytes(n)
            n_ruined += 1
    assert len(all_frames) // 2 < n_ruined < len(all_frames) - 10, (n_ruined, len(all_frames))
    with open(p.file("ruined.pcap.zst"), "wb") as f:
        f.write(packed)
    span = ["--from", str(begin), "--to", str(end)]
    wanted = extract(p, p.file("hour.pcap"), "slice", *span)
    for ranks in (1, 3):
        assert_same_sources(extract(p, p.file("ruined.pcap.zst"), "of-slice-%d" % ranks, *span, ranks=ranks), wanted)
    extract(p, p.file("ruined.pcap.zst"), "of-all", code=BAD_DATA)


def test_many_files_are_one(p):
    """A folder of what is packed whole (gzip, zstd: small ones), cut (plain) and read through (pcapng)."""
    os.mkdir(p.file("parts"))
    subprocess.run("editcap -c 100000 hour.pcap parts/part.pcap && cd parts && set -- * && gzip $1 && zstd -q --rm $2 &&"
                   "editcap -F pcapng $3 $3.pcapng && rm $3", shell=True, check=True, cwd=p.folder)
    packed = None
    for ranks in (1, 3):
        p.do("pack", p.file("parts"), "-o", p.file("folder.pcap.zst"), ranks=ranks)
        assert packed in (None, content(p.file("folder.pcap.zst")))
        packed = content(p.file("folder.pcap.zst"))
    records = inflated(packed)
    assert len(records) == os.path.getsize(p.file("hour.pcap"))
    nanoseconds = struct.unpack_from("<I", records)[0] == 0xA1B23C4D
    assert nanoseconds or records == content(p.file("hour.pcap"))
    assert_same_sources(extract(p, p.file("folder.pcap.zst"), "of-folder", ranks=2), p.file("reference"))


def test_one_link_type_of_two_numbers(p):
    """Raw IP is 12 on one system, 101 on another; libpcap calls both 12."""
    ip = bytes.fromhex("4500001400000000401100000102030408080808")
    os.mkdir(p.file("raw"))
    for second, link_type in enumerate((12, 101)):
        with open(p.file("raw", "%d.pcap" % link_type), "wb") as f:
            f.write(struct.pack("<IHHiIIIIIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, link_type, START + second, 0, 20, 20) + ip)
    micros = (START + 2) * 1000000
    block = struct.pack("<IIIII", 0, micros >> 32, micros & 0xFFFFFFFF, 20, 20) + ip
    with open(p.file("raw", "12.pcapng"), "wb") as f:
        for kind, body in ((0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)), (1, struct.pack("<HHI", 12, 0, 0)), (6, block)):
            f.write(struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12))
    p.do("pack", p.file("raw"), "-o", p.file("raw.pcap.zst"))
    records = inflated(content(p.file("raw.pcap.zst")))[24:]
    assert [struct.unpack_from("<I", records, 36 * i)[0] for i in range(len(records) // 36)] == [START, START + 1, START + 2]


def test_what_a_damaged_file_holds(p):
    whole, size = content(p.file("hour.pcap")), os.path.getsize(p.file("hour.pcap.gz"))
    at, cut = 24, len(whole) // 2
    while at < cut:
        at += 16 + struct.unpack_from("<I", whole, at + 8)[0]
    p.do("pack", p.file("hour.pcap"), "-o", p.file("sound.pcap.zst"))
    spoiled = bytearray(content(p.file("sound.pcap.zst")))
    spoiled[len(spoiled) * 3 // 5] ^= 1
    damaged = {"header.pcap": whole[:at] + b"\xff" * 16 + whole[at + 16:], "tail.pcap": whole[:at + 20],
               "cut.pcap.gz": content(p.file("hour.pcap.gz"))[:size // 2], "spoiled.pcap.zst": spoiled}
    for name, data in damaged.items():
        with open(p.file(name), "wb") as f:
            f.write(data)
        held = []
        for ranks in (1, 3):
            done = p.run("pack", p.file(name), "-o", p.file("held.pcap.zst"), ranks=ranks)
            warnings = [line for line in done.stderr.splitlines() if name in line and "at byte" in line]
            assert done.returncode == BAD_DATA and len(warnings) == 1, (name, done.returncode, done.stderr)
            held.append(content(p.file("held.pcap.zst")))
        assert held[0] == held[1], name
        records = inflated(held[0])
        if name == "spoiled.pcap.zst":  # which goes on at the next frame
            n_lost, before = len(whole) - len(records), os.path.commonprefix([records, whole])
            assert 0 < n_lost < 2 << 20 and records[len(before):] == whole[len(before) + n_lost:], (n_lost, len(before))
            continue
        assert records == whole[:len(records)] and len(records) > len(whole) // 3, name
        assert name == "cut.pcap.gz" or len(records) == at, (name, len(records), at)
        os.remove(p.file("held.pcap.zst"))


def test_refusals_leave_nothing(p):
    raw = bytearray(content(p.file("hour.pcap"))[:24])
    raw[20] = 101
    with open(p.file("raw.pcap"), "wb") as f:
        f.write(raw)
    for code, names, words in [
            (BAD_USAGE, "capture", ["-o", p.file("no.pcap.zst")]), (BAD_USAGE, "-o", [p.file("hour.pcap")]),
            (BAD_USAGE, ".pcap.zst", [p.file("hour.pcap"), "-o", p.file("no.pcap")]),
            (NO_INPUT, "missing", [p.file("missing.pcap"), "-o", p.file("no.pcap.zst")]),
            (BAD_DATA, "link types", [p.file("hour.pcap"), p.file("raw.pcap"), "-o", p.file("no.pcap.zst")]),
            (IO_FAILED, "/dev/null", [p.file("hour.pcap"), "-o", "/dev/null/no.pcap.zst"])]:
        done = p.run("pack", *words, ranks=2)
        said = [line for line in done.stderr.splitlines() if "error: " in line]
        assert done.returncode == code and len(said) == 1 and names in said[0], (words, done.returncode, done.stderr)
        assert not [name for name in os.listdir(p.folder) if name.startswith("no.")]


def test_no_packets(p):
    with open(p.file("none.pcap"), "wb") as f:
        f.write(content(p.file("hour.pcap"))[:24])
    p.do("pack", p.file("none.pcap"), "-o", p.file("none.pcap.zst"), ranks=2)
    assert inflated(content(p.file("none.pcap.zst"))) == content(p.file("hour.pcap"))[:24]


def test_an_odd_time(p):
    """A record whose time no clock shows is a record all the same."""
    whole = bytearray(content(p.file("hour.pcap"))[:24 + 40 * 76])
    whole[24:32] = b"\xff" * 8
    with open(p.file("odd.pcap"), "wb") as f:
        f.write(whole)
    done = p.run("pack", p.file("odd.pcap"), "-o", p.file("odd.pcap.zst"))
    packed = inflated(content(p.file("odd.pcap.zst")))
    assert done.returncode in (0, BAD_DATA) and len(packed) > 40 and packed == whole[:len(packed)], done.stderr


def test_a_file_that_changes(p):
    """What is appended while a file is packed is not packed with it."""
    for archive in ("hour.pcap", "hour.pcap.gz"):
        changing = p.file("changing-" + archive)
        shutil.copy(p.file(archive), changing)
        output = p.file("changed-%s.pcap.zst" % archive)

        def append():
            with open(changing, "ab") as f:
                f.write(content(p.file(archive))[:1000])

        done = p.disturbed(["pack", changing, "-o", output], output, 1, append)
        assert done.returncode == IO_FAILED and "has changed" in done.stderr, (archive, done.returncode, done.stderr)
        assert not os.path.exists(output) and not os.path.exists(output + ".partial")


def test_an_orderly_stop(p):
    for archive in ("hour.pcap", "hour.pcap.gz"):
        run = subprocess.Popen(["mpirun", "-n", "2", "--oversubscribe", p.path, "pack", p.file(archive), "--level", "9", "-o",
                                p.file("stop.pcap.zst")], env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)
        while run.poll() is None and not os.path.exists(p.file("stop.pcap.zst.partial")):
            time.sleep(0.01)
        run.send_signal(signal.SIGUSR1)  # mpirun passes it on
        _, said = run.communicate(timeout=60)
        assert run.returncode == STOPPED and "asked to stop" in said, (run.returncode, said)
        assert not [name for name in os.listdir(p.folder) if name.startswith("stop.")]


def main():
    with Program(sys.argv[1]) as p:
        make_inputs(p)
        for name, test in list(globals().items()):
            if name.startswith("test_"):
                began = time.monotonic()
                test(p)
                print("%s: %.1f s" % (name, time.monotonic() - began), flush=True)


if __name__ == "__main__":
    main()
