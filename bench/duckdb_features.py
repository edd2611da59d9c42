#!/usr/bin/env python3
"""The nine features by SQL in DuckDB, from already parsed columns, timed: what a database needs for the same table.

    build/bench/parsed_columns hour.pcap > rows.bin
    python3 bench/duckdb_features.py rows.bin [ROUNDS] [THREADS]

Needs the packages duckdb and numpy (pip). Distinct counts go through one grouping of (source, destination, port), which was faster than
COUNT(DISTINCT ...) in every trial.
"""
import statistics
import sys
import time

import duckdb
import numpy as np

ROW = np.dtype([("ts", "<i8"), ("src", "<u4"), ("dst", "<u4"), ("port", "<u2"), ("classes", "u1"), ("ttl", "u1"), ("zero", "<u4")])

FEATURES = """
CREATE OR REPLACE TABLE features AS
WITH contact AS (
    SELECT src, dst, CASE WHEN classes & 8 <> 0 THEN port::INTEGER ELSE -1 END AS port, count(*) AS n, sum(ttl) AS ttl, min(ts) AS first,
           max(ts) AS last, sum((classes >> 5) & 1) AS scan, sum((classes >> 1) & 1) AS udp
    FROM packets GROUP BY ALL),
destination AS (SELECT src, count(*) AS n FROM (SELECT src, dst FROM contact GROUP BY ALL) GROUP BY src),
ports AS (SELECT src, count(*) AS n FROM (SELECT src, port FROM contact WHERE port >= 0 GROUP BY ALL) GROUP BY src),
source AS (
    SELECT src, sum(n) AS packets, sum(ttl) AS ttl, min(first) AS first, max(last) AS last, sum(scan) AS scan, sum(udp) AS udp,
           sum(CASE WHEN port >= 0 THEN n ELSE 0 END) AS with_port
    FROM contact GROUP BY src)
SELECT source.src, ttl / packets AS average_ttl, packets, destination.n AS unique_destinations,
       coalesce(with_port / nullif(ports.n, 0), 0) AS packets_per_port, packets / destination.n AS packets_per_destination,
       CASE WHEN packets > 1 THEN (last - first) / (packets - 1) / 1e9 ELSE 0 END AS inter_arrival_time, scan AS scan_flag_packets,
       udp AS udp_packets, coalesce(ports.n, 0) AS unique_ports
FROM source JOIN destination USING (src) LEFT JOIN ports USING (src)
"""


def main():
    rows = np.fromfile(sys.argv[1], dtype=ROW)
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    threads = int(sys.argv[3]) if len(sys.argv) > 3 else 2
    columns = {name: np.ascontiguousarray(rows[name]) for name in ("ts", "src", "dst", "port", "classes", "ttl")}
    db = duckdb.connect()
    db.execute(f"SET threads = {threads}")
    db.execute("SET preserve_insertion_order = false")
    db.execute("CREATE TABLE packets AS SELECT * FROM columns")
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        db.execute(FEATURES)
        seconds.append(time.perf_counter() - start)
    n = db.execute("SELECT count(*) FROM features").fetchone()[0]
    print(f"{len(rows)} packets, {n} sources, {threads} threads: median {statistics.median(seconds):.2f} s of {rounds} rounds")


main()
