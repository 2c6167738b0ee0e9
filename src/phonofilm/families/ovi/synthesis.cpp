#include "phonofilm/families/ovi/synthesis.h"

#include <cmath>
#include <filesystem>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/random.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "phonofilm/weights/safetensors_writer.h"
#include "phonofilm/weights/torch_archive_writer.h"

namespace phonofilm::ovi {
namespace {

namespace fs = std::filesystem;
using Declaration = nn::Module::Declaration;
using weights::TensorSpec;

constexpr double kMegabyte = 1e6;

void set_tower_sizes(FolderConfig& c, std::int64_t dim, std::int64_t heads, std::int64_t ffn, std::int64_t layers) {
  for (TowerConfig* tower : {&c.towers.video, &c.towers.audio}) {
    tower->dim = dim;
    tower->num_heads = heads;
    tower->ffn_dim = ffn;
    tower->num_layers = layers;
    tower->text_dim = c.text.dim;
  }
}

// Heads keep their published width of 128 (towers) and 64 (text encoder), for which attention kernels are made.
FolderConfig half_config() {
  FolderConfig c;
  c.text.dim = c.text.dim_attn = 2048;
  c.text.dim_ffn = 5120;
  c.text.num_heads = 32;
  c.text.num_layers = 12;
  set_tower_sizes(c, /*dim=*/1536, /*heads=*/12, /*ffn=*/7168, /*layers=*/15);
  c.video_vae.dim = 80;
  c.video_vae.dec_dim = 128;
  c.video_vae.num_res_blocks = 1;
  c.audio_vae.hidden_dim = 192;
  c.vocoder.upsample_initial_channel = 768;
  return c;
}

FolderConfig toy_config() {
  FolderConfig c;
  c.text.vocab = 512;
  c.text.dim = 40;
  c.text.dim_attn = 48;
  c.text.dim_ffn = 64;
  c.text.num_heads = 4;
  c.text.num_layers = 3;
  set_tower_sizes(c, /*dim=*/96, /*heads=*/4, /*ffn=*/160, /*layers=*/3);
  for (TowerConfig* tower : {&c.towers.video, &c.towers.audio}) {
    tower->freq_dim = 64;
    tower->text_len = 32;
  }
  c.video_vae.dim = 8;
  c.video_vae.dec_dim = 12;
  c.audio_vae.hidden_dim = 16;
  c.vocoder.upsample_initial_channel = 64;
  return c;
}

std::vector<Network> networks(const SynthesisOptions& options) {
  const FolderConfig config = config_at(options.scale);
  std::vector<Network> all;
  all.push_back(towers_network(config.towers, options.variant));
  all.push_back(text_network(config.text));
  all.push_back(video_vae_network(config.video_vae));
  all.push_back(audio_vae_network(config.audio_vae));
  all.push_back(vocoder_network(config.vocoder));
  return all;
}

double bytes_of(const Network& network, const Declaration& declared) {
  return double(c10::multiply_integers(declared.shape)) * double(c10::elementSize(network.dtype_of(declared.name)));
}

double bytes_of(const std::vector<Network>& all) {
  double bytes = 0;
  for (const Network& network : all) {
    for (const Declaration& declared : network.model->declarations()) bytes += bytes_of(network, declared);
  }
  return bytes;
}

// What a fresh model leaves at zero. Matrices: outputs of the size of their inputs; vectors: small beside those.
void fill_zeros(Tensor& value, at::Generator& generator) {
  constexpr double kVectorStd = 0.02;
  if (value.any().item<bool>()) return;
  const bool matrix = value.dim() >= 2 && value.size(0) > 1;
  value.normal_(0, matrix ? std::sqrt(double(value.size(0)) / double(value.numel())) : kVectorStd, generator);
}

Tensor drawn(const Network& network, const Declaration& declared, std::uint64_t seed) {
  const at::NoGradGuard constant;
  at::Generator generator = make_generator(mix_seed(seed, network.file + ": " + declared.name));
  Tensor value = at::empty(declared.shape, at::kFloat);
  declared.init(value, generator);
  fill_zeros(value, generator);
  return value.to(network.dtype_of(declared.name));
}

// Reports before every tensor how much of the whole is done.
class Account {
 public:
  Account(double total, const Observer& observer) : total_(total), observer_(observer) {}
  void begin(double bytes, const std::string& file) {
    PF_CHECK(report_at(std::floor(done_ / kMegabyte), file), Cancelled, "synth-checkpoint", "stopped while writing ", file,
             "; the files before it are whole and kept");
    done_ += bytes;
  }
  void finish() const { report_at(std::ceil(total_ / kMegabyte), "all written"); }

 private:
  bool report_at(double megabytes, const std::string& detail) const {
    return observer_({"write", std::int64_t(megabytes), std::int64_t(std::ceil(total_ / kMegabyte)), "MB, " + detail});
  }
  double total_, done_ = 0;
  const Observer& observer_;
};

void write(const std::string& root, const Network& network, const SynthesisOptions& options, Account& account) {
  const std::vector<Declaration> declared = network.model->declarations();
  std::vector<TensorSpec> specs;
  for (const Declaration& d : declared) specs.push_back({d.name, network.dtype_of(d.name), d.shape});
  const auto source = [&, next = size_t(0)](const TensorSpec&) mutable {
    const Declaration& current = declared[next++];  // the writers ask in the order of `specs`
    account.begin(bytes_of(network, current), network.file);
    return drawn(network, current, options.seed);
  };
  const std::string path = root + "/" + network.file;
  make_folder(fs::path(path).parent_path().string());
  if (path.ends_with(".safetensors")) {
    weights::write_safetensors(path, specs, source, {{"synthetic", concat("random weights, seed ", options.seed)}});
  } else {
    weights::write_torch_archive(path, specs, source, {.under = network.under});
  }
}

void require_absent(const std::string& root, const std::vector<std::string>& files, const char* cure) {
  for (const std::string& file : files) {
    PF_CHECK(!fs::exists(fs::path(root) / file), InvalidRequest, "synth-checkpoint", root, "/", file, " is there already; ", cure);
  }
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

// The folder itself is made only once it is known that all of it fits.
void require_room(const std::string& root, double bytes) {
  fs::path existing = fs::absolute(root);
  while (!fs::exists(existing) && existing.has_relative_path()) existing = existing.parent_path();
  require_disk_space((existing / "Ovi").string(), bytes);
}

}  // namespace

FolderConfig config_at(Scale scale) {
  if (scale == Scale::half) return half_config();
  return scale == Scale::toy ? toy_config() : FolderConfig{};
}

double synthesis_bytes(const SynthesisOptions& options) { return bytes_of(networks(options)); }

void synthesise(const std::string& root, const SynthesisOptions& options, const Observer& observer) {
  const std::vector<Network> all = networks(options);
  require_room_of_its_own(root, all, options.overwrite);
  const double bytes = bytes_of(all);
  require_room(root, bytes);
  remove_configs(root);
  if (options.scale != Scale::full) write_folder_config(root, config_at(options.scale));
  Account account(bytes, observer);
  for (const Network& network : all) write(root, network, options, account);
  account.finish();
}

}  // namespace phonofilm::ovi
