#!/usr/bin/env bash
# Remakes models/mini from nothing, each part by its recipe: video autoencoder and then its decoder alone, audio autoencoder,
# vocoder and joint model (four stages) on falling balls; then the speaker encoder, and all of them again on the whole world.
# Interrupt it at any time; started again it goes on where it was.
#
#   scripts/train_mini.sh [run folder]
#   scripts/train_mini.sh --go-on [run folder]    takes what models/ holds of these stages instead of making it again
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

# adopt STAGE FOLDER: the result of a stage is what the folder holds, unless it has a result or is under way here.
adopt() {
  [ -d "$2" ] || return 0
  if [ -e "runs/mini/$1/model" ] || [ -e "runs/mini/$1/checkpoint.safetensors" ]; then return 0; fi
  mkdir -p "runs/mini/$1"
  cp -r "$2" "runs/mini/$1/model"
}
is_adopted() { [ -e "runs/mini/$1/model" ] && [ ! -e "runs/mini/$1/checkpoint.safetensors" ]; }

if [ "$go_on" = yes ]; then
  for stage in video_autoencoder video_decoder; do adopt $stage models/mini/video_autoencoder; done
  adopt audio_autoencoder models/mini/audio_autoencoder
  adopt vocoder models/mini/vocoder
  for stage in joint_start joint_early_noise joint_all_noise joint; do adopt $stage models/mini; done
  adopt video_world models/world/video_autoencoder
  adopt audio_world models/world/audio_autoencoder
  adopt vocoder_world models/world/vocoder
  for stage in speaker_encoder speaker_encoder_near; do adopt $stage models/world/speaker_encoder; done
  for stage in joint_world_start joint_world joint_world_late joint_world_both joint_world_voices joint_world_more \
      joint_world_last joint_world_where; do
    adopt $stage models/world
  done
fi

scripts/build.sh release phonofilm
program=build/release/src/phonofilm/cli/phonofilm

for stage in video_autoencoder video_decoder audio_autoencoder vocoder joint_start joint_early_noise joint_all_noise joint \
    video_world audio_world vocoder_world speaker_encoder joint_world_start joint_world joint_world_late \
    joint_world_both speaker_encoder_near joint_world_voices joint_world_more joint_world_last joint_world_where; do
  if is_adopted "$stage"; then echo "$stage: as models/ holds it"; continue; fi
  "$program" train "recipes/mini/$stage.json" -o "runs/mini/$stage" --resume
done
echo "The model is in runs/mini/joint_world_where/model; measure it with:"
echo "  $program eval world --scene everything --model runs/mini/joint_world_where/model"
echo "and ship it with: cp -r runs/mini/joint_world_where/model/. models/mini/"
