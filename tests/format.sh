#!/usr/bin/env bash
# Every C file is as clang-format would write it. Skipped (77) without clang-format.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v clang-format >/dev/null; then
    echo "skipped: clang-format is not installed"
    exit 77
fi
find src include tests bench -name '*.[ch]' -print0 | xargs -0 clang-format --dry-run -Werror
