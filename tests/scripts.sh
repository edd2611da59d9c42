#!/usr/bin/env bash
# The shell scripts are clean by shellcheck. Skipped (77) without it.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v shellcheck >/dev/null; then
    echo "skipped: shellcheck is not installed"
    exit 77
fi
{ find scripts jobs tests bench -name '*.sh' -print0; find jobs -name '*.sbatch' -print0; printf '.ci/run\0'; } |
    xargs -0 shellcheck -x -S warning
