#include "phonofilm/train/nava_batch.h"

#include <algorithm>

#include "phonofilm/base/error.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::train {
namespace {

Tensor stacked(const std::vector<EncodedClip>& clips, Tensor EncodedClip::*part) {
  std::vector<Tensor> values;
  for (const EncodedClip& clip : clips) values.push_back((clip.*part).to(at::kFloat));
  return at::stack(values);
}

Tensor padded_rows(const std::vector<EncodedClip>& clips, const std::vector<bool>& dropped,
                   const nava::NavaConfig& backbone) {
  Tensor rows = at::zeros({std::int64_t(clips.size()), backbone.text_len, backbone.text_dim});
  for (size_t i = 0; i < clips.size(); ++i) {
    const Tensor& own = clips[i].rows;
    PF_CHECK(own.size(0) <= backbone.text_len && own.size(1) == backbone.text_dim, CheckpointError, "train",
             "an encoded clip has text rows ", shape_text(own.sizes()), ", the backbone reads [", backbone.text_len,
             ", ", backbone.text_dim, "]; empty the cache");
    if (!dropped[i]) rows[std::int64_t(i)].narrow(0, 0, own.size(0)).copy_(own);
  }
  return rows;
}

void add_voices(const std::vector<EncodedClip>& clips, const std::vector<bool>& dropped, const NavaTaskOptions& options,
                const nava::NavaConfig& backbone, Random& random, Batch& batch) {
  std::int64_t most = 0;
  for (const EncodedClip& clip : clips) most = std::max(most, clip.positions.size(0));
  if (most == 0) return;
  Tensor positions = at::full({std::int64_t(clips.size()), most}, kNobody, at::kLong);
  Tensor voices = at::zeros({std::int64_t(clips.size()), most, backbone.spk_dim});
  for (size_t i = 0; i < clips.size(); ++i) {
    const std::int64_t spans = dropped[i] ? 0 : clips[i].positions.size(0);
    for (std::int64_t s = 0; s < spans; ++s) {
      positions[std::int64_t(i)][s] = clips[i].positions[s];
      if (random.chance(options.spk_emb_prob)) voices[std::int64_t(i)][s] = clips[i].voices[s];
    }
  }
  batch["positions"] = positions;
  batch["voices"] = voices;
}

}  // namespace

NavaMode draw_nava_mode(NavaModality modality, const NavaTaskOptions& options, Random& random) {
  const bool image = random.chance(options.image_condition), masked = random.chance(options.mask_modality);
  const bool film = has_picture(modality) && modality != NavaModality::text_to_image && options.frames > 1;
  return {modality, image && film, masked && modality == NavaModality::text_to_av};
}

std::vector<bool> draw_caption_drops(std::int64_t count, double probability, Random& random) {
  std::vector<bool> dropped;
  for (std::int64_t i = 0; i < count; ++i) dropped.push_back(random.chance(probability));
  const auto kept = size_t(random.below(count));
  if (std::find(dropped.begin(), dropped.end(), false) == dropped.end()) dropped[kept] = false;
  return dropped;
}

Batch make_nava_batch(const std::vector<EncodedClip>& clips, const NavaMode& mode, const NavaTaskOptions& options,
                      const nava::NavaConfig& backbone, Random& random) {
  const auto count = std::int64_t(clips.size());
  const std::vector<bool> dropped = draw_caption_drops(count, options.caption_drop, random);
  Batch batch{{"mode", at::full({count}, mode.code(), at::kLong)}, {"rows", padded_rows(clips, dropped, backbone)}};
  if (has_picture(mode.modality)) batch["video"] = stacked(clips, &EncodedClip::video);
  if (has_sound(mode.modality)) {
    batch["audio"] = stacked(clips, &EncodedClip::audio);
    add_voices(clips, dropped, options, backbone, random, batch);
  }
  return batch;
}

std::vector<nava::Voices> voices_of(const Batch& batch) {
  if (!batch.contains("positions")) return {};
  const Tensor &positions = batch.at("positions"), &voices = batch.at("voices");
  std::vector<nava::Voices> all;
  for (std::int64_t i = 0; i < positions.size(0); ++i) {
    nava::Voices own;
    for (std::int64_t s = 0; s < positions.size(1) && positions[i][s].item<std::int64_t>() != kNobody; ++s) {
      own.positions.push_back(positions[i][s].item<std::int64_t>());
    }
    own.embeddings = voices[i].narrow(0, 0, std::int64_t(own.positions.size()));
    all.push_back(std::move(own));
  }
  return all;
}

}  // namespace phonofilm::train
