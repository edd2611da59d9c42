#!/usr/bin/env bash
# The descriptions of the environment say what is so: the module loads in Lmod and leads to the installation that it lies in, the
# Spack package names the libraries that CMake asks for, the container's recipe is a shell script that its shell can read and takes along
# all that the build asks for.
set -euo pipefail
cd "$(dirname "$0")/.."

check_module() {
    local prefix lmod=/usr/share/lmod/lmod/init/bash
    if [ ! -e "$lmod" ]; then
        echo "not checked: the module (Lmod is not installed)"
        return
    fi
    prefix=$(mktemp -d)
    mkdir -p "$prefix/share/darkforest/modulefiles/darkforest"
    sed 's/@CMAKE_INSTALL_DATADIR@/share/g; s/@CMAKE_INSTALL_BINDIR@/bin/; s/@[A-Za-z_]*@/1/g' \
        jobs/environment/darkforest.lua.in >"$prefix/share/darkforest/modulefiles/darkforest/1.lua"
    # Lmod's own shell code is not written for set -u.
    PREFIX=$prefix LMOD=$lmod bash -c '. "$LMOD"; module use "$PREFIX/share/darkforest/modulefiles"; module load darkforest
        [ "$DARKFOREST_HOME" = "$PREFIX/share/darkforest" ] && [[ :$PATH: == *":$PREFIX/bin:"* ]]' ||
        { echo "the module does not lead to its installation"; exit 1; }
    rm -rf "$prefix"
}

check_spack() {
    local package=jobs/environment/spack/packages/darkforest/package.py name
    /usr/bin/python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read())' $package
    while read -r name; do
        case $name in isal) name=isa-l ;; esac
        grep -qE "depends_on.\"(lib)?${name}[\"@]" $package || { echo "the Spack package does not name $name"; exit 1; }
    done < <(sed -nE 's/^pkg_check_modules\([A-Z0-9]+ REQUIRED IMPORTED_TARGET (lib)?([a-z0-9]+)\)/\2/p' CMakeLists.txt)
}

check_container() {
    local recipe=jobs/environment/darkforest.def file
    sed -n '/^%post/,/^%/{/^%/d;p}' $recipe | sh -n
    while read -r file _; do
        [ -z "$file" ] || [ -e "$file" ] || { echo "the container asks for $file, which is not there"; exit 1; }
    done < <(sed -n '/^%files/,/^$/{/^%/d;p}' $recipe)
}

# The folders that the image is built from, and nothing else, are configured as the recipe does it; what the build does not make itself of
# that which is to be installed must lie in them.
check_container_files() {
    local recipe=jobs/environment/darkforest.def tree configure file to n=0
    image=$(cd "$(mktemp -d)" && pwd -P)
    trap 'rm -rf "$image"' EXIT
    tree=$image/opt/darkforest
    while read -r file to; do
        [ -n "$file" ] || continue
        mkdir -p "$image$to"
        cp -r "$file" "$image$to"
    done < <(sed -n '/^%files/,/^$/{/^%/d;p}' $recipe)
    read -ra configure < <(grep '^ *cmake -G' $recipe)
    (cd "$tree" && "${configure[@]}") >"$image/said" 2>&1 ||
        { cat "$image/said"; echo "what the container is built from cannot be configured"; exit 1; }
    while read -r file; do
        case $file in "$tree/build/"*) continue ;; esac
        n=$((n + 1))
        [ -e "$file" ] || { echo "the container lacks ${file#"$tree/"}, which is to be installed"; exit 1; }
    done < <(find "$tree/build" -name cmake_install.cmake -exec grep -ohE "\"$tree/[^\"]*\"" {} + | tr -d '"')
    [ $n -gt 10 ] || { echo "only $n files were found that are to be installed"; exit 1; }
}

check_module
check_spack
check_container
check_container_files
