#include "phonofilm/train/latent_cache.h"

#include <atomic>
#include <cmath>
#include <exception>
#include <filesystem>
#include <mutex>
#include <thread>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/train/world_data.h"
#include "phonofilm/weights/safetensors.h"

namespace phonofilm::train {
namespace {

std::string describe(const LatentCacheOptions& o) {
  return phonofilm::concat(o.scene, " ", o.purpose, " ", o.seed, " ", o.clips, "x", o.frames, "x", o.size, " ", o.codec_fingerprint);
}

std::uint64_t seed_of(const LatentCacheOptions& options, std::int64_t index) {
  return clip_seed(options.seed, options.purpose + std::to_string(options.frames), std::uint64_t(index));
}

// Runs work(i) for 0 <= i < count on all cores; rethrows the first failure.
void for_all(std::int64_t count, const std::function<void(std::int64_t)>& work) {
  std::atomic<std::int64_t> next{0};
  std::exception_ptr failure;
  std::mutex mutex;
  const auto loop = [&] {
    try {
      for (std::int64_t i = next++; i < count; i = next++) work(i);
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
      next = count;
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < std::max(1U, std::thread::hardware_concurrency()); ++i) threads.emplace_back(loop);
  loop();
  for (std::thread& thread : threads) thread.join();
  if (failure) std::rethrow_exception(failure);
}

LatentSet make_latents(const LatentCacheOptions& options, const nava::SmallCodecs& codecs, const nn::RunContext& run,
                       const Observer& observer) {
  const std::int64_t unit = 2 * codecs.audio->config().mel.hop;
  world::RenderOptions render = training_render_options(options.frames, options.size, unit);
  render.channels = codecs.audio->config().channels;
  std::vector<Tensor> video(static_cast<size_t>(options.clips)), audio(static_cast<size_t>(options.clips));
  std::atomic<std::int64_t> done{0};
  std::mutex mutex;
  for_all(options.clips, [&](std::int64_t i) {
    const at::NoGradGuard no_grad;
    const world::Sample sample = world::render(options.scene, seed_of(options, i), render);
    video[size_t(i)] = nava::encode_frames(codecs, sample.clip.frames, run).to(at::kBFloat16);
    audio[size_t(i)] = nava::encode_waveform(codecs, sample.clip.waveform, run).to(at::kBFloat16);
    const std::lock_guard lock(mutex);
    if (!observer({"encode " + options.purpose + " clips", ++done, options.clips})) {
      throw Cancelled("encode", "stopped while encoding clips");
    }
  });
  return {at::cat(video), at::cat(audio), {}};
}

}  // namespace

world::RenderOptions training_render_options(std::int64_t frames, std::int64_t size, std::int64_t unit) {
  world::RenderOptions options;
  options.height = options.width = size;
  options.frames = frames;
  const double seconds = double(frames) / options.fps;
  options.samples = std::int64_t(std::ceil(seconds * double(options.sample_rate) / double(unit) - 1e-9)) * unit;
  return options;
}

std::string file_fingerprint(const std::string& path) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a
  for (const unsigned char byte : read_file(path)) hash = (hash ^ byte) * 0x100000001b3ULL;
  std::ostringstream text;
  text << std::hex << hash;
  return text.str();
}

LatentSet load_or_make_latents(const std::string& path, const LatentCacheOptions& options, const nava::SmallCodecs& codecs,
                               const nn::RunContext& run, const Observer& observer) {
  LatentSet set;
  const std::string description = describe(options);
  if (std::filesystem::exists(path)) {
    const auto file = weights::SafetensorsFile::open(path);
    const auto found = file.metadata().find("contents");
    if (found != file.metadata().end() && found->second == description) set = {file.at("video"), file.at("audio"), {}};
  }
  if (!set.video.defined()) {
    set = make_latents(options, codecs, run, observer);
    make_folder(std::filesystem::path(path).parent_path().string());
    weights::save_safetensors(path, {{"video", set.video}, {"audio", set.audio}}, {{"contents", description}});
  }
  const world::RenderOptions render =
      training_render_options(options.frames, options.size, 2 * codecs.audio->config().mel.hop);
  for (std::int64_t i = 0; i < options.clips; ++i) {
    set.captions.push_back(world::truth_of(options.scene, seed_of(options, i), render).caption);
  }
  return set;
}

}  // namespace phonofilm::train
