"""Spack package, built from the tree that it lies in:

    spack repo add jobs/environment/spack
    spack install darkforest
"""

import os

from spack.package import *

TREE = os.path.realpath(os.path.join(os.path.dirname(__file__), *[os.pardir] * 5))


class Darkforest(CMakePackage):
    """Network-telescope packet archives to per-source features, labels and trained classifiers, by MPI."""

    git = "file://" + TREE

    version("main", branch="main")

    variant("native", default=True, description="Tune for the machine that builds")

    depends_on("c", type="build")
    depends_on("cmake@3.25:", type="build")
    depends_on("ninja", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("mpi@3.1:")
    depends_on("hdf5@1.10.8:")
    depends_on("isa-l")
    depends_on("jansson")
    depends_on("libinih")
    depends_on("libpcap")
    depends_on("openssl")
    depends_on("random123")
    depends_on("xxhash")
    depends_on("zstd")
    depends_on("gnuplot", type="run")
    depends_on("cmocka", type="test")
    depends_on("zlib-api", type="test")

    generator("ninja")

    def cmake_args(self):
        return [
            self.define_from_variant("DARKFOREST_NATIVE", "native"),
            self.define("DARKFOREST_TESTS", self.run_tests),
        ]
