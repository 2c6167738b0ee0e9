#include "phonofilm/train/latent_cache.h"

#include <atomic>
#include <cmath>
#include <exception>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/train/world_data.h"
#include "phonofilm/weights/safetensors.h"

namespace phonofilm::train {
namespace {

// Begins with the version of the file's layout and of the world in it.
std::string describe(const LatentCacheOptions& o) {
  return phonofilm::concat("8 ", o.scene, " ", o.purpose, " ", o.seed, " ", o.clips, "x", o.frames, "x", o.size, " ",
                           o.codec_fingerprint);
}

std::uint64_t seed_of(const LatentCacheOptions& options, std::int64_t index) {
  return clip_seed(options.seed, options.purpose + std::to_string(options.frames), std::uint64_t(index));
}

LatentSet make_latents(const LatentCacheOptions& options, const nava::SmallCodecs& codecs, const nn::RunContext& run,
                       const Observer& observer) {
  const std::int64_t unit = 2 * codecs.audio->config().mel.hop;
  world::RenderOptions render = training_render_options(options.frames, options.size, unit);
  render.channels = codecs.audio->config().channels;
  std::vector<Tensor> video(static_cast<size_t>(options.clips)), audio(static_cast<size_t>(options.clips));
  std::vector<ClipText> texts(static_cast<size_t>(options.clips));
  std::atomic<std::int64_t> done{0};
  std::mutex mutex;
  for_all(options.clips, [&](std::int64_t i) {
    const at::NoGradGuard no_grad;
    const world::Sample sample = world::render(options.scene, seed_of(options, i), render);
    texts[size_t(i)] = text_of(sample.truth);
    video[size_t(i)] = nava::encode_frames(codecs, sample.clip.frames, run).to(at::kBFloat16);
    audio[size_t(i)] = nava::encode_waveform(codecs, sample.clip.waveform, run).to(at::kBFloat16);
    const std::lock_guard lock(mutex);
    if (!observer({"encode " + options.purpose + " clips", ++done, options.clips})) {
      throw Cancelled("encode", "stopped while encoding clips");
    }
  });
  // Laid out as a file has them, so that sums over them round alike after a restart.
  return {at::cat(video).contiguous(), at::cat(audio).contiguous(), std::move(texts)};
}

// JSON as a tensor of bytes: a header of metadata is read at once and has its limit.
Tensor packed(const std::vector<ClipText>& texts) {
  const std::string json = to_json(texts).dump();
  Tensor bytes = at::empty({std::int64_t(json.size())}, at::kByte);
  std::copy(json.begin(), json.end(), bytes.data_ptr<std::uint8_t>());
  return bytes;
}

std::vector<ClipText> unpacked(const Tensor& bytes, const std::string& path) {
  PF_CHECK(bytes.scalar_type() == at::kByte && bytes.dim() == 1, CheckpointError, "load", path,
           ": its captions are no text; delete it");
  const auto* first = bytes.const_data_ptr<std::uint8_t>();
  return clip_texts_from_json(nlohmann::json::parse(first, first + bytes.numel(), nullptr, /*allow_exceptions=*/false),
                              path);
}

// Nothing where `path` holds other clips or none.
std::optional<LatentSet> find_latents(const std::string& path, const std::string& description) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  const auto file = weights::SafetensorsFile::open(path);
  const auto found = file.metadata().find("contents");
  if (found == file.metadata().end() || found->second != description) return std::nullopt;
  LatentSet set{file.at("video"), file.at("audio"), unpacked(file.at("texts"), path)};
  const std::int64_t clips = set.video.size(0);
  PF_CHECK(std::int64_t(set.texts.size()) == clips && set.audio.size(0) == clips, CheckpointError, "load", path,
           ": has ", clips, " clips and ", set.texts.size(), " captions; delete it");
  return set;
}

}  // namespace

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
  const std::string description = describe(options);
  if (auto found = find_latents(path, description)) return std::move(*found);
  LatentSet set = make_latents(options, codecs, run, observer);
  make_folder(std::filesystem::path(path).parent_path().string());
  const weights::TensorMap tensors{{"video", set.video}, {"audio", set.audio}, {"texts", packed(set.texts)}};
  weights::save_safetensors(path, tensors, {{"contents", description}});
  return set;
}

}  // namespace phonofilm::train
