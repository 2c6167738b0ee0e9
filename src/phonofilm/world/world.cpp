#include "phonofilm/world/world.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/world/scene.h"

namespace phonofilm::world {
namespace {

template <class Number>
void check_range(const char* name, Number value, Number low, Number high) {
  PF_CHECK(value >= low && value <= high, InvalidRequest, "render", name, " must be between ", low, " and ", high,
           ", got ", value);
}

void check_options(const RenderOptions& o) {
  check_range<std::int64_t>("height", o.height, 32, 2048);
  check_range<std::int64_t>("width", o.width, 32, 2048);
  check_range("width / height", double(o.width) / double(o.height), 0.5, 3.0);
  check_range("fps", o.fps, 4.0, 120.0);
  check_range<std::int64_t>("sample_rate", o.sample_rate, 8000, 96000);
  check_range<std::int64_t>("channels", o.channels, 1, 2);
  check_range("frames / fps (seconds)", double(o.frames) / o.fps, 0.9, 10.0);
  const double picture = double(o.frames) / o.fps, sound = double(o.samples) / double(o.sample_rate);
  PF_CHECK(std::abs(picture - sound) <= std::max(1.5 / o.fps, 0.05), InvalidRequest, "render", o.frames,
           " frames last ", picture, " s but ", o.samples, " samples last ", sound,
           " s; they may differ by 1.5 frames or 0.05 s");
}

// The length is taken in steps of 0.05 s, because other rates cannot end at exactly the same moment and a film must
// not depend on them. It ends with the last frame's centre, the last moment that is both seen and heard.
Stage stage_for(const RenderOptions& o) {
  const double sound = double(o.samples) / double(o.sample_rate);
  const double shared = std::min(double(o.frames - 1) / o.fps, sound);
  return {double(o.width) / double(o.height), std::floor(shared * 20 + 1e-6) / 20,
          std::max(double(o.frames) / o.fps, sound)};
}

const SceneEntry& find_scene(const std::string& name) {
  for (const SceneEntry& entry : scenes()) {
    if (entry.name == name) return entry;
  }
  const std::vector<std::string> known = scene_names();
  throw InvalidRequest("render", concat("unknown scene '", name, "'", did_you_mean(name, known), "; there are ",
                                        join(known, ", ")));
}

// A film that is decided, and of which scene it is.
struct Film {
  std::string name;
  std::uint64_t seed = 0;
  std::unique_ptr<Scene> scene;
  Truth truth() const {
    Truth truth = scene->truth();
    truth.scene = name;
    truth.seed = seed;
    return truth;
  }
};

Film make_film(const std::string& name, std::uint64_t seed, const RenderOptions& options) {
  const SceneEntry* entry = &find_scene(name);
  if (entry->pick) entry = &find_scene(entry->pick(seed));
  check_options(options);
  return {entry->name, seed, entry->make(seed, stage_for(options))};
}

// [F, H, W, 3] uint8
Tensor draw_frames(const Scene& scene, const RenderOptions& o) {
  const Tensor frames = at::empty({o.frames, o.height, o.width, 3}, at::kByte);
  std::uint8_t* pixels = frames.data_ptr<std::uint8_t>();
  std::vector<std::uint8_t> background_pixels(size_t(o.height * o.width * 3));
  Canvas background(background_pixels.data(), o.height, o.width);
  scene.draw_background(background);
  for (std::int64_t k = 0; k < o.frames; ++k) {
    Canvas canvas(pixels + k * o.height * o.width * 3, o.height, o.width);
    canvas.copy_from(background);
    scene.draw(double(k) / o.fps, canvas);
  }
  return frames;
}

// [C, S] float32
Tensor play_sound(const Scene& scene, const RenderOptions& o) {
  const Tensor waveform = at::empty({o.channels, o.samples}, at::kFloat);
  const SoundBuffer buffer{waveform.data_ptr<float>(), o.channels, o.samples, o.sample_rate};
  // Not at::zeros, which would wake a team of threads for this little.
  std::fill_n(buffer.data, o.channels * o.samples, 0.0f);
  scene.sound(buffer);
  limit(buffer);
  return waveform;
}

}  // namespace

RenderOptions options_for(double seconds, std::int64_t size, double fps, std::int64_t sample_rate) {
  check_range("seconds", seconds, 0.9, 10.0);
  check_range("fps", fps, 4.0, 120.0);
  RenderOptions options;
  options.height = options.width = size;
  options.fps = fps;
  options.sample_rate = sample_rate;
  options.frames = 4 * std::llround((seconds * fps - 1) / 4) + 1;
  options.samples = std::int64_t(std::ceil(double(options.frames) / fps * double(sample_rate) / 512)) * 512;
  check_options(options);
  return options;
}

std::vector<std::string> scene_names() {
  std::vector<std::string> names;
  for (const SceneEntry& entry : scenes()) names.push_back(entry.name);
  return names;
}

Sample render(const std::string& scene, std::uint64_t seed, const RenderOptions& options) {
  const Film film = make_film(scene, seed, options);
  return {{draw_frames(*film.scene, options), options.fps, play_sound(*film.scene, options), options.sample_rate},
          film.truth()};
}

Tensor render_sound(const std::string& scene, std::uint64_t seed, const RenderOptions& options) {
  return play_sound(*make_film(scene, seed, options).scene, options);
}

Truth truth_of(const std::string& scene, std::uint64_t seed, const RenderOptions& options) {
  return make_film(scene, seed, options).truth();
}

std::vector<std::string> caption_words() { return caption_words({"impacts", "hard_impacts"}); }

std::vector<std::string> caption_words(const std::vector<std::string>& names) {
  std::set<std::string> words;
  for (const std::string& name : names) {
    for (std::string& word : find_scene(name).words()) words.insert(std::move(word));
  }
  return {words.begin(), words.end()};
}

}  // namespace phonofilm::world
