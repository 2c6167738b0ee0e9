#!/usr/bin/env bash
# Installs what phonofilm is built with: Debian packages (compiler, CMake, FFmpeg's, text, speech and database libraries,
# header-only ones) and LibTorch, unpacked from the wheels on PyPI into .deps/libtorch. Nothing is installed into Python.
# Safe to run again: what is there already is left alone.
#
#   scripts/setup.sh           for the CPU
#   scripts/setup.sh --cuda    LibTorch with its CUDA half as well
#   scripts/setup.sh --core    without FFmpeg's, text, speech and database libraries: enough for the preset 'core'
#   scripts/setup.sh --tests   also what only the tests use: PostgreSQL's server, Chromium
#
# PHONOFILM_TORCH=<folder with include/ and lib/> uses a LibTorch of your own (2.11 or newer) instead.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

CORE_PACKAGES=(g++ cmake ninja-build ccache lld nlohmann-json3-dev libcli11-dev libspdlog-dev libfmt-dev doctest-dev
               libgoogle-perftools-dev)
MEDIA_PACKAGES=(pkg-config libavformat-dev libavcodec-dev libavutil-dev libswscale-dev libswresample-dev
                libbenchmark-dev)
TEXT_PACKAGES=(libsentencepiece-dev libutf8proc-dev libgumbo-dev)
SPEECH_PACKAGES=(libespeak-ng-dev espeak-ng-data)
JOBS_PACKAGES=(libsqlite3-dev libpq-dev)
# Boost is used as headers only (Beast, Asio); libcrypto hashes API keys.
SERVER_PACKAGES=(libboost1.81-dev libssl-dev)
# The tests of the job queue start a server of their own, those of the web page a browser; without them they skip, loudly,
# what needs one.
TEST_PACKAGES=(postgresql chromium chromium-driver)
LIBTORCH=.deps/libtorch

say() { printf '%s\n' "$*" >&2; }
fail() { say "setup: $*"; exit 1; }

usage() {
  sed -n '2,/^set /p' "${BASH_SOURCE[0]}" | sed '$d; s/^# \{0,1\}//'
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; return; fi
  command -v sudo > /dev/null || fail "installing packages needs root: run as root, or install sudo"
  sudo "$@"
}

# A Python that has pip; PyPI's wheels are only downloaded with it, so its version does not matter.
python_with_pip() {
  local candidate
  for candidate in /usr/bin/python3 python3; do
    if "$candidate" -m pip --version > /dev/null 2>&1; then echo "$candidate"; return; fi
  done
  return 1
}

is_installed() { [ "$(dpkg-query -W -f='${Status}' "$1" 2> /dev/null)" = "install ok installed" ]; }

install_packages() {
  if ! command -v apt-get > /dev/null; then
    say "setup: this is not Debian; make sure that the equivalents of these are installed: $*"
    return
  fi
  local package missing=()
  for package in "$@"; do is_installed "$package" || missing+=("$package"); done
  if [ ${#missing[@]} -eq 0 ]; then say "packages: all $# are there"; return; fi
  say "packages: installing ${missing[*]}"
  as_root apt-get update -qq
  # --assume-no makes apt say what it would do and refuse, which is its exit code 1.
  { apt-get install --no-install-recommends --assume-no "${missing[@]}" || true; } 2> /dev/null |
    { grep -E '^(Need to get|After this operation)' || true; } | sed 's/^/packages: /' >&2
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" > /dev/null
}

# unpack_wheels TARGET PATTERN... : the files of the wheels under .deps/wheels that match one of the patterns.
unpack_wheels() {
  "$PYTHON" - "$@" << 'PYTHON'
import fnmatch, glob, sys, zipfile
target, patterns = sys.argv[1], sys.argv[2:]
for path in sorted(glob.glob(".deps/wheels/*.whl")):
    with zipfile.ZipFile(path) as wheel:
        wanted = [n for n in wheel.namelist() if any(fnmatch.fnmatch(n, p) for p in patterns)]
        wheel.extractall(target, wanted)
        size = sum(wheel.getinfo(n).file_size for n in wanted) / 1e6
        print(f"libtorch: {path.split('/')[-1]}: {len(wanted)} files, {size:.0f} MB", file=sys.stderr)
PYTHON
}

# install_libtorch PATTERNS... : downloads the pinned wheels and replaces .deps/libtorch whole.
install_libtorch() {
  local lists=(scripts/libtorch.txt) patterns=('torch/include/*' 'torch/lib/libc10.so' 'torch/lib/libtorch_cpu.so'
    'torch/lib/libgomp*' 'nvidia/*/lib/libcudart.so*' 'nvidia/*/lib/libcupti.so*' '*/licenses/*' '*/LICENSE*')
  local size="about 530 MB to download, 510 MB on disk"
  if [ "$1" = cuda ]; then
    lists+=(scripts/libtorch_cuda.txt)
    patterns+=('torch/lib/*.so*' 'nvidia/*/lib/*.so*')
    size="about 2.5 GB to download, 5 GB on disk"
  fi
  local stamp
  stamp=$(cat "${lists[@]}" | sha256sum | cut -d' ' -f1)
  if [ "$(cat $LIBTORCH/.stamp 2> /dev/null)" = "$stamp" ]; then say "libtorch: is there ($LIBTORCH)"; return; fi
  [ "$(uname -m)" = x86_64 ] || fail "the pinned wheels are for x86_64; set PHONOFILM_TORCH to a LibTorch for $(uname -m)"

  say "libtorch: $(grep -ho '^torch==[0-9.]*' scripts/libtorch.txt) from PyPI, $size"
  rm -rf .deps/wheels .deps/libtorch.new
  mkdir -p .deps/wheels .deps/libtorch.new
  # Any one Python's wheel will do: only its C++ half is unpacked. The hashes are checked by pip.
  "$PYTHON" -m pip download --progress-bar on --disable-pip-version-check --no-deps --only-binary=:all: \
    --python-version 3.11 --require-hashes "${lists[@]/#/--requirement=}" --dest .deps/wheels >&2 ||
    fail "the download failed; run this again, or set PHONOFILM_TORCH to a LibTorch that you have"
  unpack_wheels .deps/libtorch.new "${patterns[@]}"
  echo "$stamp" > .deps/libtorch.new/.stamp
  rm -rf "$LIBTORCH" .deps/wheels
  mv .deps/libtorch.new "$LIBTORCH"
}

main() {
  local half=cpu packages=("${CORE_PACKAGES[@]}" "${MEDIA_PACKAGES[@]}" "${TEXT_PACKAGES[@]}" "${SPEECH_PACKAGES[@]}"
                           "${JOBS_PACKAGES[@]}" "${SERVER_PACKAGES[@]}")
  local argument
  for argument in "$@"; do
    case $argument in
      --cuda) half=cuda ;;
      --core) packages=("${CORE_PACKAGES[@]}") ;;
      --tests) packages+=("${TEST_PACKAGES[@]}") ;;
      -h | --help) usage; return ;;
      *) usage >&2; fail "unknown option $argument" ;;
    esac
  done
  PYTHON=$(python_with_pip) || packages+=(python3 python3-pip)
  install_packages "${packages[@]}"
  local own=${PHONOFILM_TORCH:-${Torch_DIR:-}}
  if [ -n "$own" ]; then say "libtorch: using $own"; return; fi
  PYTHON=$(python_with_pip) || fail "LibTorch is downloaded with pip: install python3-pip"
  install_libtorch "$half"
}

main "$@"
