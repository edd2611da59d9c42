"""A feature file opens in h5py, PyTables, xarray and anndata, with the columns and the values that extract wrote."""
import sys
import warnings

import anndata.experimental
import h5py
import numpy
import tables
import xarray

import features
from program import Program

TYPES = {"window_start": "int64", "address": "uint32", "label": "uint8", "rule": "uint8", "rules_matched": "uint32",
         "average_ttl": "float64", "packets": "uint64", "unique_destinations": "uint32", "unique_ports": "uint32"}


def by_h5py(path):
    with h5py.File(path, "r") as f:
        for name, dtype in TYPES.items():
            assert f["sources"][name].dtype == dtype, (name, f["sources"][name].dtype)
        for name, column in f["sources"].items():
            assert column.attrs["units"] and column.attrs["description"], name
            assert column.shape == (f.attrs["n_rows"],), name
        assert "schema_version" in f.attrs and "rules" in f.attrs and f.attrs["window_length"] == 3600
        return {name: column[:] for name, column in f["sources"].items()}


def by_pytables(path):
    with tables.open_file(path) as f:
        return {node.name: node.read() for node in f.list_nodes("/sources")}


def by_xarray(path):
    with xarray.open_dataset(path, group="sources", engine="h5netcdf", phony_dims="sort", mask_and_scale=False,
                             decode_times=False) as data:
        return {name: data[name].values for name in data.variables}


def by_anndata(path):
    with h5py.File(path, "r") as f:
        frame = anndata.experimental.read_elem(f["sources"])
    columns = {name: frame[name].to_numpy() for name in frame.columns}
    return {**columns, "address": frame.index.to_numpy()}


def main():
    with Program(sys.argv[1]) as p, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        hour, devices = p.file("hour.pcap"), p.file("devices.csv")
        p.do("synth", "-o", hour, "--devices-out", devices, "--packets", "20000", "--sources", "2000")
        p.do("extract", hour, "-o", p.file("out"), "--devices", devices)
        path = max(features.files(p.file("out")), key=lambda name: h5py.File(name, "r").attrs["n_rows"])
        wanted = by_h5py(path)
        assert set(wanted) == set(features.COLUMNS), set(wanted) ^ set(features.COLUMNS)
        assert len(wanted["address"]) > 100 and len(set(wanted["category"])) > 1
        for read in (by_pytables, by_xarray, by_anndata):
            found = read(path)
            for name in features.COLUMNS:
                if name == "address" and read is by_anndata:  # an index, which pandas may hold as text
                    assert [int(a) for a in found[name]] == list(wanted[name]), "anndata: address"
                else:
                    assert numpy.array_equal(found[name], wanted[name]), "%s: %s" % (read.__name__, name)


if __name__ == "__main__":
    main()
