#include "phonofilm/families/synthesis.h"

#include <cmath>
#include <filesystem>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/random.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "phonofilm/weights/safetensors_writer.h"
#include "phonofilm/weights/torch_archive_writer.h"

namespace phonofilm::families {
namespace {

namespace fs = std::filesystem;
using Declaration = nn::Module::Declaration;
using weights::TensorSpec;

constexpr double kMegabyte = 1e6;

double bytes_of(const Network& network, const Declaration& declared) {
  return double(c10::multiply_integers(declared.shape)) * double(c10::elementSize(network.dtype_of(declared.name)));
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

void write(const std::string& root, const Network& network, std::uint64_t seed, Account& account) {
  const std::vector<Declaration> declared = network.model->declarations();
  std::vector<TensorSpec> specs;
  for (const Declaration& d : declared) specs.push_back({d.name, network.dtype_of(d.name), d.shape});
  const auto source = [&, next = size_t(0)](const TensorSpec&) mutable {
    const Declaration& current = declared[next++];  // the writers ask in the order of `specs`
    account.begin(bytes_of(network, current), network.file);
    return drawn(network, current, seed);
  };
  const std::string path = root + "/" + network.file;
  make_folder(fs::path(path).parent_path().string());
  if (path.ends_with(".safetensors")) {
    weights::write_safetensors(path, specs, source, {{"synthetic", concat("random weights, seed ", seed)}});
  } else {
    weights::write_torch_archive(path, specs, source, {.under = network.under});
  }
}

}  // namespace

double bytes_of(const std::vector<Network>& all) {
  double bytes = 0;
  for (const Network& network : all) {
    for (const Declaration& declared : network.model->declarations()) bytes += bytes_of(network, declared);
  }
  return bytes;
}

void require_absent(const std::string& root, const std::vector<std::string>& files, const char* cure) {
  for (const std::string& file : files) {
    PF_CHECK(!fs::exists(fs::path(root) / file), InvalidRequest, "synth-checkpoint", root, "/", file, " is there already; ", cure);
  }
}

void require_room(const std::string& root, double bytes) {
  fs::path existing = fs::absolute(root);
  while (!fs::exists(existing) && existing.has_relative_path()) existing = existing.parent_path();
  require_disk_space((existing / "weights").string(), bytes);
}

void write_random_weights(const std::string& root, const std::vector<Network>& networks, std::uint64_t seed,
                          const Observer& observer) {
  Account account(bytes_of(networks), observer);
  for (const Network& network : networks) write(root, network, seed, account);
  account.finish();
}

}  // namespace phonofilm::families
