#!/usr/bin/env bash
# Sets up what is missing, builds and runs every test: scripts/test.sh [PRESET=release] [CTEST OPTION...]
#   scripts/test.sh release -R media     only the tests whose names match
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

preset=${1:-release}
[ $# -eq 0 ] || shift
if [ "$preset" = core ]; then scripts/setup.sh --core; else scripts/setup.sh --tests; fi
scripts/build.sh "$preset"
# One test at a time: LibTorch uses every core by itself.
ctest --preset "$preset" --parallel 1 "$@"
