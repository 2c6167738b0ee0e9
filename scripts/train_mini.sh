#!/usr/bin/env bash
# Remakes models/mini from nothing, each part by its recipe: video autoencoder and then its decoder alone, audio autoencoder,
# vocoder and joint model (four stages) on falling balls; then the speaker encoder, and all of them again on the whole world.
# Interrupt it at any time; started again it goes on where it was.
#
#   scripts/train_mini.sh [run folder]
#   scripts/train_mini.sh --go-on [run folder]    takes what models/mini holds of these stages instead of making it again
set -euo pipefail
cd "$(dirname "$0")/.."

go_on=no
if [ "${1:-}" = --go-on ]; then go_on=yes; shift; fi
runs=${1:-runs/mini}
if [ "$runs" != runs/mini ]; then
  if [ -e runs/mini ] && [ ! -L runs/mini ]; then
    echo "train_mini: runs/mini is a folder already; move it away, or leave out the run folder" >&2
    exit 1
  fi
  mkdir -p runs "$runs"
  ln -sfn "$(realpath "$runs")" runs/mini  # the recipes name each other's results below runs/mini
fi

balls="video_autoencoder video_decoder audio_autoencoder vocoder joint_start joint_early_noise joint_all_noise joint"
world="video_world audio_world vocoder_world speaker_encoder joint_world_start joint_world joint_world_late joint_world_both
       speaker_encoder_near joint_world_voices joint_world_more joint_world_last joint_world_where
       joint_world_lines joint_world_speech"
last=joint_world_speech

# The part of models/mini that a stage on the whole world made.
part_of() {
  case $1 in
    video_world) echo video_autoencoder ;;
    audio_world) echo audio_autoencoder ;;
    vocoder_world) echo vocoder ;;
    speaker_encoder*) echo speaker_encoder ;;
    *) echo . ;;
  esac
}

# adopt STAGE: its result is what models/mini holds of it, unless it has a result or is under way here.
adopt() {
  if [ -e "runs/mini/$1/model" ] || [ -e "runs/mini/$1/checkpoint.safetensors" ]; then return 0; fi
  mkdir -p "runs/mini/$1"
  cp -r "models/mini/$(part_of "$1")" "runs/mini/$1/model"
}
is_adopted() { [ -e "runs/mini/$1/model" ] && [ ! -e "runs/mini/$1/checkpoint.safetensors" ]; }

stages="$balls $world"
if [ "$go_on" = yes ]; then
  stages=$world  # nothing of those on falling balls is left in it
  for stage in $world; do adopt "$stage"; done
fi

scripts/build.sh release phonofilm
program=build/release/src/phonofilm/cli/phonofilm

for stage in $stages; do
  if is_adopted "$stage"; then echo "$stage: as models/mini holds it"; continue; fi
  "$program" train "recipes/mini/$stage.json" -o "runs/mini/$stage" --resume
done
echo "The model is in runs/mini/$last/model; measure it with:"
echo "  $program eval world --scene everything --model runs/mini/$last/model"
echo "and ship it with: cp -r runs/mini/$last/model/. models/mini/"
