#!/usr/bin/env bash
# Remakes models/mini from nothing, each part by its recipe: video autoencoder and then its decoder alone, audio autoencoder,
# vocoder and joint model (four stages) on falling balls; then the speaker encoder, and all of them again on the whole world.
# Interrupt it at any time; started again it goes on where it was. usage: scripts/train_mini.sh [run folder]
set -euo pipefail
cd "$(dirname "$0")/.."

runs=${1:-runs/mini}
if [ "$runs" != runs/mini ]; then
  mkdir -p runs "$runs"
  ln -sfn "$(realpath "$runs")" runs/mini  # the recipes name each other's results below runs/mini
fi
scripts/build.sh release
program=build/release/src/phonofilm/cli/phonofilm

for stage in video_autoencoder video_decoder audio_autoencoder vocoder joint_start joint_early_noise joint_all_noise joint \
    video_world audio_world vocoder_world speaker_encoder joint_world_start joint_world; do
  "$program" train "recipes/mini/$stage.json" -o "runs/mini/$stage" --resume
done
echo "The model is in runs/mini/joint_world/model; measure it with:"
echo "  $program eval world --scene everything --model runs/mini/joint_world/model"
echo "and ship it with: cp -r runs/mini/joint_world/model/. models/mini/"
