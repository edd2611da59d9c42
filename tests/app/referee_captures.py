"""Every capture in the folder of real captures: equal to the naive reference, or refused with a sentence and exit 65."""
import concurrent.futures
import os
import subprocess
import sys

import features
import naive
from program import Program, captures

DATA_ERROR = 65


def libpcap_count(path, plain):
    """What libpcap counts; None where it does not open the file or stops early. `plain` is where it is inflated to."""
    with open(plain, "wb") as f:
        f.write(naive.inflated(path))
    done = subprocess.run(["tcpdump", "-r", plain, "--count"], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return int(done.stdout.split()[0]) if done.returncode == 0 else None


def check_refused(p, path, output):
    done = p.run("extract", path, "-o", output)
    assert done.returncode == DATA_ERROR, "%s: exit %d, not refused" % (path, done.returncode)
    assert os.path.basename(path) in done.stderr and " is " in done.stderr or "link type" in done.stderr, done.stderr
    assert not features.files(output), "%s was refused and left a feature file" % path


def check_read(p, path, output):
    rows, tally = naive.extract([path])
    done = p.run("extract", path, "-o", output)
    wanted = DATA_ERROR if naive.is_damaged(path) else 0
    assert done.returncode == wanted, "%s: exit %d, not %d\n%s" % (path, done.returncode, wanted, done.stderr)
    features.assert_equal_to_naive(output, rows, tally)
    count = libpcap_count(path, output + ".plain")
    if wanted == 0:
        assert count == sum(tally.values()), "%s: libpcap counts %s records" % (path, count)
    return rows


def check(p, path, output):
    """The naive rows, None for a file that is refused."""
    try:
        sum(1 for _ in naive.packets(path))
    except naive.Refused:
        return check_refused(p, path, output)
    except naive.Damaged:
        pass
    try:
        return check_read(p, path, output)
    except AssertionError as e:
        raise AssertionError("%s: %s" % (path, e)) from None


def rules_of(rows):
    return sorted(naive.RULES[row["rule"]] for row in rows)


def check_the_named_scans(p, folder):
    """
    The three captures whose names say what they are. port_scan.pcap goes to ten ports of one host: a port scan. 445_scan.pcap goes to
    1, 3 and 5 hosts from three sources; definitions.md asks for more than five destinations on a port, so that they are not network
    scans but, by their few SYN packets, stealthy ones: scanning all the same. backscatter.trace holds replies, and ICMP errors and
    UDP datagrams of 20 sources, which no rule takes for a reply: these are misconfiguration. Nobody scans in it.
    """
    def rules(name):
        return rules_of(naive.extract([os.path.join(folder, "bro-simple-scan", name)])[0])

    assert rules("port_scan.pcap") == ["port_scan"]
    assert rules("445_scan.pcap") == ["stealth_tcp"] * 3
    assert rules("backscatter.trace") == ["backscatter"] * 842 + ["misconfiguration"] * 20


def all_captures(folder):
    """The files in its subfolders; beside these lies their list."""
    return [os.path.join(here, name) for here, _, names in sorted(os.walk(folder)) for name in sorted(names) if here != folder]


def main():
    folder = captures()
    with Program(sys.argv[1]) as p:
        # Starting MPI is waiting, most of the time: several at once.
        with concurrent.futures.ThreadPoolExecutor(6) as several:
            done = list(several.map(lambda path: check(p, path, p.file(os.path.basename(path))), all_captures(folder)))
        check_the_named_scans(p, folder)
    n_read = sum(rows is not None for rows in done)
    print("%d captures equal, %d refused" % (n_read, len(done) - n_read))
    assert n_read > 0


if __name__ == "__main__":
    main()
