#!/usr/bin/env bash
# Sets up, builds, makes one film from a sentence with the embedded model and says what was measured in it.
#   scripts/demo.sh ["a prompt of your own"]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

prompt=${1:-on the left a blue metal ball bounces three times, on the right a yellow rubber ball bounces twice}
film=out/demo.mp4
program=build/release/src/phonofilm/cli/phonofilm

scripts/setup.sh
scripts/build.sh release phonofilm
mkdir -p "$(dirname "$film")"
echo "prompt: $prompt"
"$program" generate "$prompt" -o "$film"
echo "film: $PWD/$film"
"$program" show "$film"
