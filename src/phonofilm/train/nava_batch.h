// A batch of NAVA's training: encoded clips with the dropouts of their conditions (arXiv 2605.30073;
// docs/families/nava.md).
#pragma once

#include <vector>

#include "phonofilm/base/random.h"
#include "phonofilm/families/nava/transformer.h"
#include "phonofilm/train/nava_clip_file.h"
#include "phonofilm/train/nava_options.h"
#include "phonofilm/train/task.h"

namespace phonofilm::train {

// What holds for a whole batch.
struct NavaMode {
  NavaModality modality = NavaModality::text_to_av;
  bool image = false;   // the first latent frame is given
  bool masked = false;  // no attention between picture and sound
  std::int64_t code() const { return std::int64_t(modality) << 2 | std::int64_t(image) << 1 | std::int64_t(masked); }
  static NavaMode from_code(std::int64_t code) { return {NavaModality(code >> 2), bool(code & 2), bool(code & 1)}; }
};

// A still picture is never given, and only a film of picture and sound can be masked.
NavaMode draw_nava_mode(NavaModality modality, const NavaTaskOptions& options, Random& random);

// Which samples lose their caption, and with it their voices. Where chance takes all of a batch, one that it names
// keeps its.
std::vector<bool> draw_caption_drops(std::int64_t count, double probability, Random& random);

// Float32 tensors whose first size is the number of clips: "mode" int64 [B], the same code in each; "video" [B, C, F,
// H, W] and "audio" [B, C, L] where the modality has them; "rows" [B, text_len, text_dim], zeros behind the valid rows
// and for a dropped caption; where any clip has a voice "positions" int64 [B, S], -1 where there is none, and "voices"
// [B, S, spk_dim], zeros (the learned null voice) where a line's was dropped. Throws CheckpointError for clips that do
// not fit the backbone.
Batch make_nava_batch(const std::vector<EncodedClip>& clips, const NavaMode& mode, const NavaTaskOptions& options,
                      const nava::NavaConfig& backbone, Random& random);

inline constexpr std::int64_t kNobody = -1;  // in "positions", where a clip has fewer lines than another

// The voices of a batch as the backbone takes them; empty where nobody has one.
std::vector<nava::Voices> voices_of(const Batch& batch);

}  // namespace phonofilm::train
