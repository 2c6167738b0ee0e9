// Latents of many rendered clips, made once: encoding a clip costs as much as a training step of the joint model.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "phonofilm/base/progress.h"
#include "phonofilm/families/nava/small_model.h"
#include "phonofilm/train/clip_text.h"
#include "phonofilm/world/world.h"

namespace phonofilm::train {

struct LatentCacheOptions {
  std::string scene = "impacts";
  std::string purpose = "train";  // clips of different purposes never coincide
  std::uint64_t seed = 1;
  std::int64_t clips = 1000, frames = 49, size = 96;
  std::string codec_fingerprint;  // of the autoencoders' weights; see file_fingerprint
};

// Raw (not yet normalised) posterior means of `clips` clips of one length, kept as bfloat16, and what is said
// about them and in them.
struct LatentSet {
  Tensor video;  // [N, C, F, H, W]
  Tensor audio;  // [N, C, T]
  std::vector<ClipText> texts;
};

// Reads `path` if it holds exactly what the options describe, else renders, encodes (on all cores) and writes it.
LatentSet load_or_make_latents(const std::string& path, const LatentCacheOptions& options, const nava::SmallCodecs& codecs,
                               const nn::RunContext& run, const Observer& observer);

// Runs work(i) for 0 <= i < count on all cores; rethrows the first failure.
void for_all(std::int64_t count, const std::function<void(std::int64_t)>& work);

// A hash of a file's bytes, as hexadecimal text.
std::string file_fingerprint(const std::string& path);

// Frames and samples of a rendered clip whose latents line up with the codecs: samples is a multiple of `unit`.
world::RenderOptions training_render_options(std::int64_t frames, std::int64_t size, std::int64_t unit);

}  // namespace phonofilm::train
