#!/usr/bin/env bash
# Remakes models/mini from nothing: video autoencoder and then its decoder alone, audio autoencoder, vocoder, joint model (four
# stages), each by its recipe.
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

for stage in video_autoencoder video_decoder audio_autoencoder vocoder joint_start joint_early_noise joint_all_noise joint; do
  "$program" train "recipes/mini/$stage.json" -o "runs/mini/$stage" --resume
done
echo "The model is in runs/mini/joint/model; measure it with:"
echo "  $program eval world --model runs/mini/joint/model"
echo "and ship it with: cp -r runs/mini/joint/model/. models/mini/"
