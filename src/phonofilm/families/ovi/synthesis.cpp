#include "phonofilm/families/ovi/synthesis.h"

#include <algorithm>
#include <filesystem>

#include "phonofilm/base/error.h"
#include "phonofilm/families/wan22.h"

namespace phonofilm::ovi {
namespace {

namespace fs = std::filesystem;
using families::require_absent;
using families::Scale;

void set_tower_sizes(FolderConfig& c, std::int64_t dim, std::int64_t heads, std::int64_t ffn, std::int64_t layers) {
  for (TowerConfig* tower : {&c.towers.video, &c.towers.audio}) {
    tower->dim = dim;
    tower->num_heads = heads;
    tower->ffn_dim = ffn;
    tower->num_layers = layers;
  }
}

// Heads keep their published width of 128, for which attention kernels are made.
FolderConfig half_config() {
  FolderConfig c;
  set_tower_sizes(c, /*dim=*/1536, /*heads=*/12, /*ffn=*/7168, /*layers=*/15);
  c.audio_vae.hidden_dim = 192;
  c.vocoder.upsample_initial_channel = 768;
  return c;
}

FolderConfig toy_config() {
  FolderConfig c;
  set_tower_sizes(c, /*dim=*/96, /*heads=*/4, /*ffn=*/160, /*layers=*/3);
  for (TowerConfig* tower : {&c.towers.video, &c.towers.audio}) {
    tower->freq_dim = 64;
    tower->text_len = 32;
  }
  c.audio_vae.hidden_dim = 16;
  c.vocoder.upsample_initial_channel = 64;
  return c;
}

std::vector<Network> networks(const SynthesisOptions& options) {
  const FolderConfig config = config_at(options.scale);
  std::vector<Network> all;
  all.push_back(towers_network(config.towers, options.variant));
  all.push_back(wan22::text_network(config.text));
  all.push_back(wan22::video_vae_network(config.video_vae));
  all.push_back(audio_vae_network(config.audio_vae));
  all.push_back(vocoder_network(config.vocoder));
  return all;
}

// Random weights beside, or instead of, published ones must never come about unasked; and towers of another variant would
// share the JSON files that tell of the new ones' sizes.
void require_room_of_its_own(const std::string& root, const std::vector<Network>& all, bool overwrite) {
  std::vector<std::string> own = config_files(), others;
  for (const Network& network : all) own.push_back(network.file);
  for (const Variant& variant : variants()) {
    if (std::find(own.begin(), own.end(), variant.file) == own.end()) others.push_back(variant.file);
  }
  require_absent(root, others, "choose another folder");
  if (!overwrite) require_absent(root, own, "choose another folder or pass --overwrite");
}

// Those of another scale would speak for weights that they do not describe.
void remove_configs(const std::string& root) {
  for (const std::string& file : config_files()) {
    std::error_code failed;
    fs::remove(fs::path(root) / file, failed);
    PF_CHECK(!failed, ResourceError, "synth-checkpoint", root, "/", file, ": cannot be removed: ", failed.message());
  }
}

}  // namespace

FolderConfig config_at(Scale scale) {
  FolderConfig config = scale == Scale::half ? half_config() : scale == Scale::toy ? toy_config() : FolderConfig{};
  config.text = wan22::text_config_at(scale);
  config.video_vae = wan22::video_vae_config_at(scale);
  config.towers.video.text_dim = config.towers.audio.text_dim = config.text.dim;
  return config;
}

double synthesis_bytes(const SynthesisOptions& options) { return families::bytes_of(networks(options)); }

void synthesise(const std::string& root, const SynthesisOptions& options, const Observer& observer) {
  const std::vector<Network> all = networks(options);
  require_room_of_its_own(root, all, options.overwrite);
  families::require_room(root, families::bytes_of(all));
  remove_configs(root);
  if (options.scale != Scale::full) write_folder_config(root, config_at(options.scale));
  families::write_random_weights(root, all, options.seed, observer);
}

}  // namespace phonofilm::ovi
