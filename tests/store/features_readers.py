"""A feature file seen by the readers that people use: h5py, PyTables, xarray (h5netcdf) and anndata."""
import os
import subprocess
import sys
import tempfile

import numpy as np

N_ROWS = 70000
FEATURES = ["average_ttl", "packets", "unique_destinations", "packets_per_port", "packets_per_destination",
            "inter_arrival_time", "scan_flag_packets", "udp_packets", "unique_ports"]


def with_h5py(path):
    import h5py
    with h5py.File(path) as f:
        columns = {name: f["sources"][name][:] for name in f["sources"]}
        assert f.attrs["schema_version"] == 1 and f.attrs["n_rows"] == N_ROWS
        assert f.attrs["window_start"] == 1483228800 and f.attrs["window_length"] == 3600
        assert f.attrs["filter"] == b"tcp or udp" and f.attrs["inventory_checksum"] == b"0123456789abcdef"
        assert b"port_scan" in f.attrs["rules"]
        for name in f["sources"]:
            assert f["sources"][name].attrs["units"] and f["sources"][name].attrs["description"], name
            assert f["sources"][name].compression == "gzip" and f["sources"][name].shuffle, name
        category = f["sources/category"]
        assert [c.decode() for c in category.attrs["categories"]] == ["none", "DVR", "IP camera", "thermostat été"]
        assert list(category.attrs["flag_values"]) == [0, 1, 2, 3]
        assert category.attrs["flag_meanings"] == "none DVR IP_camera thermostat_été"
        assert list(f["sources/label"].attrs["categories"]) == [b"scanning", b"backscatter", b"misconfiguration"]
        tally = {name: int(f["tally"][name][()]) for name in f["tally"]}
        assert tally.pop("records") == sum(tally.values()) and tally["counted"] > 0
        assert f["provenance"].attrs["host"] == b"here"
    return columns


def means_are_right(columns):
    c = columns
    expected = {
        "average_ttl": c["ttl_sum"] / c["packets"],
        "packets_per_port": c["port_packets"] / c["unique_ports"],
        "packets_per_destination": c["packets"] / c["unique_destinations"],
        "inter_arrival_time": (c["last_seen"] - c["first_seen"]) / np.maximum((c["packets"] - 1).astype("f8") * 1e9, 1),
    }
    for name, values in expected.items():
        assert c[name].dtype == np.float64
        np.testing.assert_allclose(c[name], values, rtol=1e-15, err_msg=name)


def with_tables(path, columns):
    import tables
    with tables.open_file(path) as f:
        for name, values in columns.items():
            np.testing.assert_array_equal(f.get_node("/sources/" + name)[:], values)


def with_xarray(path, columns):
    import xarray
    with xarray.open_dataset(path, group="sources", engine="h5netcdf", phony_dims="sort") as data:
        for name, values in columns.items():
            np.testing.assert_array_equal(data[name].values, values)


def with_anndata(path, columns):
    import h5py
    from anndata.experimental import read_elem
    with h5py.File(path) as f:
        frame = read_elem(f["sources"])
    assert frame.index.name == "address" and len(frame) == N_ROWS
    np.testing.assert_array_equal(frame.index.values, columns["address"])
    assert list(frame.columns) == [n for n in frame.columns if n in columns] and len(frame.columns) == len(columns) - 1
    for name in frame.columns:
        np.testing.assert_array_equal(frame[name].values, columns[name])


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "features.h5")
        subprocess.run([sys.argv[1], path, str(N_ROWS)], check=True)
        columns = with_h5py(path)
        assert all(name in columns for name in FEATURES)
        assert all(len(values) == N_ROWS for values in columns.values())
        means_are_right(columns)
        with_tables(path, columns)
        with_xarray(path, columns)
        with_anndata(path, columns)


main()
