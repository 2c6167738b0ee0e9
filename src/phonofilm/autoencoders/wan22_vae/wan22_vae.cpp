#include "phonofilm/autoencoders/wan22_vae/wan22_vae.h"

#include <algorithm>

#include "phonofilm/autoencoders/wan22_vae/decoder.h"
#include "phonofilm/autoencoders/wan22_vae/encoder.h"
#include "phonofilm/autoencoders/wan22_vae/latent_statistics.h"
#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"
#include "phonofilm/weights/tensor_file.h"

namespace phonofilm::autoencoders {

using nn::RunContext;
using wan22::Stream;

struct Wan22Vae::Networks {
  Networks(Wan22Vae& vae, const Wan22VaeConfig& config)
      : encoder(vae, config),
        conv1(vae, "conv1", 2 * kWan22LatentChannels, 2 * kWan22LatentChannels, /*taps=*/1, /*kernel=*/1),
        conv2(vae, "conv2", kWan22LatentChannels, kWan22LatentChannels, /*taps=*/1, /*kernel=*/1),
        decoder(vae, config) {}

  // One chunk: the film's first picture alone or 4n later ones.
  Tensor encode(const Tensor& video, Stream& stream, const RunContext& run) const {
    const Tensor moments = encoder.forward(wan22::fold_pixels(video.to(run.dtype)), stream, run);
    stream.first = false;
    const Tensor mean = conv1.forward(moments, stream, run).narrow(-1, 0, kWan22LatentChannels);
    return wan22::normalise_latent(mean.to(at::kFloat)).permute({0, 4, 1, 2, 3});
  }

  // One chunk: the film's first latent frame alone or n later ones.
  Tensor decode(const Tensor& latent, Stream& stream, const RunContext& run) const {
    const Tensor rows = wan22::restore_latent(latent.to(at::kFloat).permute({0, 2, 3, 4, 1}));
    const Tensor folded = decoder.forward(conv2.forward(rows, stream, run), stream, run);
    stream.first = false;
    return wan22::unfold_pixels(folded.to(at::kFloat)).clamp(-1, 1);
  }

  wan22::Encoder encoder;
  wan22::CausalConv conv1, conv2;
  wan22::Decoder decoder;
};

namespace {

Wan22VaeConfig checked(const Wan22VaeConfig& config) {
  config.validate("wan22_vae");
  return config;
}

void expect_pictures(const Tensor& video, bool beginning) {
  const std::string where = "wan22_vae.encode: video";
  expect_shape(video, {kAny, 3, kAny, kAny, kAny}, where);
  const std::int64_t later = video.size(2) - (beginning ? 1 : 0);
  PF_CHECK(video.numel() > 0 && later % kWan22TimeStride == 0 && video.size(3) % kWan22SpaceStride == 0 &&
               video.size(4) % kWan22SpaceStride == 0,
           ShapeError, where, "expected ", beginning ? "4n + 1" : "4n (after the film's beginning)",
           " pictures, height and width in multiples of ", kWan22SpaceStride, ", got ", shape_text(video.sizes()));
}

void expect_latent(const Tensor& latent) {
  const std::string where = "wan22_vae.decode: latent";
  expect_shape(latent, {kAny, kWan22LatentChannels, kAny, kAny, kAny}, where);
  PF_CHECK(latent.numel() > 0, ShapeError, where, "empty: ", shape_text(latent.sizes()));
}

// Pieces of one stream have one size.
void expect_continuation(const Tensor& piece, Shape& size, const std::string& where) {
  if (size.empty()) size = {piece.size(0), piece.size(1), kAny, piece.size(3), piece.size(4)};
  expect_shape(piece, size, where);
}

// Runs one chunk for the film's first frame and one for the rest of this call.
template <class Run>
Tensor run_chunks(const Tensor& frames, const Stream& stream, Run run) {
  if (!stream.first) return run(frames);
  const Tensor first = run(frames.narrow(2, 0, 1));
  if (frames.size(2) == 1) return first;
  return at::cat({first, run(frames.narrow(2, 1, frames.size(2) - 1))}, 2);
}

// Frames [B, C, F, H, W] given to `stream` in pieces, the film's first frame alone.
template <class AnyStream>
Tensor push_all(AnyStream& stream, const Tensor& frames, std::int64_t piece) {
  std::vector<Tensor> results;
  for (std::int64_t start = 0, count = 1; start < frames.size(2); start += count, count = piece) {
    results.push_back(stream.push(frames.narrow(2, start, std::min(count, frames.size(2) - start))));
  }
  return at::cat(results, 2);
}

// Latent frames per piece. Small pictures go through several at a time, because every call of a convolution rearranges
// its weights, 28 million of them in the widest layers. For large ones that would only cost memory.
std::int64_t frames_per_piece(std::int64_t samples, std::int64_t rows, std::int64_t columns) {
  constexpr std::int64_t kPositionsPerPiece = 512;
  return std::max<std::int64_t>(1, kPositionsPerPiece / (samples * rows * columns));
}

}  // namespace

Wan22Vae::Wan22Vae(const Wan22VaeConfig& config)
    : config_(checked(config)), networks_(std::make_unique<Networks>(*this, config)) {}
Wan22Vae::~Wan22Vae() = default;

void Wan22Vae::prepare(at::ScalarType dtype) {
  for (auto& [name, parameter] : named_parameters()) {
    PF_CHECK(parameter.defined(), InvalidRequest, "wan22_vae.prepare", name, " has no value; load or initialise first");
    parameter.set_data(wan22::arranged(parameter.detach().to(dtype)));
  }
}

std::unique_ptr<Wan22Vae> load_wan22_vae(const std::string& path, const Wan22VaeConfig& config, at::ScalarType dtype,
                                         Wan22Rounding rounding) {
  auto vae = std::make_unique<Wan22Vae>(config);
  vae->load(weights::open_tensors(path).tensors, path, /*prefix=*/"",
            rounding == Wan22Rounding::to_bfloat16 ? at::kBFloat16 : dtype);
  vae->prepare(dtype);
  return vae;
}

Tensor Wan22Vae::encode(const Tensor& video, const RunContext& run) const {
  expect_pictures(video, /*beginning=*/true);
  EncodeStream stream(*this, run);
  const std::int64_t frames =
      frames_per_piece(video.size(0), video.size(3) / kWan22SpaceStride, video.size(4) / kWan22SpaceStride);
  return push_all(stream, video, frames * kWan22TimeStride);
}

Tensor Wan22Vae::decode(const Tensor& latent, const RunContext& run) const {
  expect_latent(latent);
  DecodeStream stream(*this, run);
  return push_all(stream, latent, frames_per_piece(latent.size(0), latent.size(3), latent.size(4)));
}

struct EncodeStream::State {
  const Wan22Vae& vae;
  RunContext run;
  Stream stream{};
  Shape size{};
};

EncodeStream::EncodeStream(const Wan22Vae& vae, const RunContext& run) : state_(new State{vae, run}) {}
EncodeStream::~EncodeStream() = default;

Tensor EncodeStream::push(const Tensor& video) {
  Stream& stream = state_->stream;
  expect_pictures(video, stream.first);
  expect_continuation(video, state_->size, "wan22_vae.encode: video");
  return run_chunks(video, stream,
                    [&](const Tensor& chunk) { return state_->vae.networks_->encode(chunk, stream, state_->run); });
}

struct DecodeStream::State {
  const Wan22Vae& vae;
  RunContext run;
  Stream stream{};
  Shape size{};
};

DecodeStream::DecodeStream(const Wan22Vae& vae, const RunContext& run) : state_(new State{vae, run}) {}
DecodeStream::~DecodeStream() = default;

Tensor DecodeStream::push(const Tensor& latent) {
  expect_latent(latent);
  expect_continuation(latent, state_->size, "wan22_vae.decode: latent");
  Stream& stream = state_->stream;
  return run_chunks(latent, stream,
                    [&](const Tensor& chunk) { return state_->vae.networks_->decode(chunk, stream, state_->run); });
}

}  // namespace phonofilm::autoencoders
