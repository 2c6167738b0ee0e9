// The rendered world: scenes whose truth is known to the sample. It trains the embedded model, checks the metrics,
// and is the smallest honest laboratory for the claims of the papers. Deterministic by (scene, seed).
//
//   const world::Sample sample = world::render("impacts", /*seed=*/7, {});
//
// The same seed at another size, frame rate or sample rate is the same film, as long as its shape and its length
// (in steps of 0.05 s) are the same. All functions may be called from several threads.
#pragma once

#include <string>
#include <vector>

#include "phonofilm/tensor/clip.h"
#include "phonofilm/world/truth.h"

namespace phonofilm::world {

struct RenderOptions {
  std::int64_t height = 96, width = 96;  // pixels; any size from 32 to 2048, width / height from 0.5 to 3
  double fps = 24;                       // 4 to 120
  std::int64_t frames = 49;              // the 4n + 1 of causal video autoencoders; 49 frames are 2.04 s
  std::int64_t sample_rate = 16000;      // 8000 to 96000
  std::int64_t samples = 32768;          // of sound; may differ from the picture's length by 1.5 frames or 0.05 s
  std::int64_t channels = 1;             // 2: constant-power pan by where a thing is (of the car: by its direction)
};

// The caller-facing options for a length in seconds (0.9 to 10; captions and motion are made for 2 to 5) and a square
// picture: frames = 4n + 1 nearest to it, samples the multiple of 512 that just covers them. 2 s gives the defaults.
RenderOptions options_for(double seconds, std::int64_t size, double fps = 24, std::int64_t sample_rate = 16000);

struct Sample {
  Clip clip;
  Truth truth;
};

std::vector<std::string> scene_names();

// Throws InvalidRequest for an unknown scene or impossible options.
Sample render(const std::string& scene, std::uint64_t seed, const RenderOptions& options);
// The sound alone, [channels, samples] float32: the numbers of render(...).clip.waveform without the cost of pictures.
Tensor render_sound(const std::string& scene, std::uint64_t seed, const RenderOptions& options);
// Only what happens and how it is described; costs microseconds.
Truth truth_of(const std::string& scene, std::uint64_t seed, const RenderOptions& options);

// Every word that the captions of these scenes can contain, sorted: the vocabulary of a text encoder trained on them.
// A caption is words with single spaces between them; a comma sits at the end of a word and is a word of its own (","),
// and a mark is one by its bare name ("<S>" is "s"). Throws InvalidRequest for an unknown scene.
std::vector<std::string> caption_words(const std::vector<std::string>& scenes);
// Those of "impacts" and "hard_impacts". Trained models have embeddings in the order of this list: it does not change
// when scenes are added.
std::vector<std::string> caption_words();

// No caption is longer, counted as above.
inline constexpr std::int64_t kMostCaptionWords = 40;

// The palettes and materials that captions name, for classifiers.
struct NamedColor {
  std::string name;
  double red, green, blue;  // 0 to 1
};
const std::vector<NamedColor>& colors();
const std::vector<std::string>& materials();

}  // namespace phonofilm::world
