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
    PF_CHECK(report_at(std::floor(done_ / kMegabyte), file), Cancelled, "synth-checkpoint", "stopped while writing ",
             file, "; the files before it are whole and kept");
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

// A tensor of a file that is about to be written.
struct Item {
  const Network* network;
  Declaration declared;
};

// Of several networks that share a file, names keep what each stands under; an archive of PyTorch's nests them.
void write(const std::string& root, const std::vector<const Network*>& sharing, std::uint64_t seed, Account& account) {
  const Network& first = *sharing.front();
  const bool safetensors = first.file.ends_with(".safetensors");
  std::vector<Item> items;
  std::vector<TensorSpec> specs;
  weights::Metadata metadata{{"synthetic", concat("random weights, seed ", seed)}};
  for (const Network* network : sharing) {
    const std::string prefix = safetensors && !network->under.empty() ? network->under + "." : "";
    metadata.insert(network->metadata.begin(), network->metadata.end());
    for (const Declaration& d : network->model->declarations()) {
      items.push_back({network, d});
      specs.push_back({prefix + d.name, network->dtype_of(d.name), d.shape});
    }
  }
  const auto source = [&, next = size_t(0)](const TensorSpec&) mutable {
    const Item& current = items[next++];  // the writers ask in the order of `specs`
    account.begin(bytes_of(*current.network, current.declared), first.file);
    return drawn(*current.network, current.declared, seed);
  };
  const std::string path = root + "/" + first.file;
  make_folder(fs::path(path).parent_path().string());
  if (safetensors) {
    weights::write_safetensors(path, specs, source, metadata);
  } else {
    weights::write_torch_archive(path, specs, source, {.under = first.under});
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
    PF_CHECK(!fs::exists(fs::path(root) / file), InvalidRequest, "synth-checkpoint", root, "/", file,
             " is there already; ", cure);
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
  for (size_t i = 0; i < networks.size();) {
    std::vector<const Network*> sharing;
    for (; i < networks.size() && (sharing.empty() || networks[i].file == sharing.front()->file); ++i) {
      sharing.push_back(&networks[i]);
    }
    write(root, sharing, seed, account);
  }
  account.finish();
}

}  // namespace phonofilm::families
