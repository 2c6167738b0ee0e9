#!/usr/bin/env bash
# Configures and builds: scripts/build.sh [PRESET=release] [TARGET...]
# Presets: release, dev (quick to compile), core (no FFmpeg), asan (sanitizers). PHONOFILM_JOBS sets the parallelism.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# A file that includes LibTorch takes about 1.5 GB to compile; do not start more of them than fit.
parallel_jobs() {
  local cores memory_gb
  cores=$(nproc)
  memory_gb=$(awk '/MemAvailable/ { print int($2 / 1000000) }' /proc/meminfo)
  local fitting=$((memory_gb * 2 / 3))
  [ "$fitting" -ge 1 ] || fitting=1
  echo $((fitting < cores ? fitting : cores))
}

preset=${1:-release}
[ $# -eq 0 ] || shift
log=build/$preset-configure.log
mkdir -p build
if ! cmake --preset "$preset" > "$log" 2>&1; then
  tail -30 "$log" >&2
  echo "build: configuring the preset '$preset' failed; has scripts/setup.sh been run? (whole log: $log)" >&2
  exit 1
fi
cmake --build "build/$preset" --parallel "${PHONOFILM_JOBS:-$(parallel_jobs)}" ${1:+--target "$@"}
