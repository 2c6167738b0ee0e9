// Options of the task "nava": training of NAVA's backbone in a folder of the published layout (docs/families/nava.md,
// "Training"). Defaults are the publisher's settings (arXiv 2605.30073 and its training code), except where a comment
// says otherwise.
#pragma once

#include <array>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "phonofilm/base/fields.h"

namespace phonofilm::train {

// What a batch is made of, by the publisher's names.
enum class NavaModality { text_to_av, text_to_audio, text_to_video, text_to_image };
inline constexpr std::array kNavaModalities{NavaModality::text_to_av, NavaModality::text_to_audio,
                                            NavaModality::text_to_video, NavaModality::text_to_image};
std::string name_of(NavaModality modality);
inline bool has_picture(NavaModality modality) { return modality != NavaModality::text_to_audio; }
inline bool is_film(NavaModality modality) {
  return modality == NavaModality::text_to_av || modality == NavaModality::text_to_video;
}
inline bool has_sound(NavaModality modality) { return modality <= NavaModality::text_to_audio; }

// A list of clips.
struct NavaSource {
  std::string data;                  // .jsonl, see nava_list.h
  std::string modal = "text_to_av";  // what its clips train
  double weight = 1;                 // share of its clips among those of this modality, whatever their number
  std::string name{};                // of the set; empty: the file's name. "..._tts": each clip is one spoken line
  Fields fields();
  NavaModality modality() const;
  bool is_speech() const;  // the set's name says so
};

struct NavaTaskOptions {
  std::string model;                // folder in the published layout: the frozen encoders, and what "start" names
  std::string start = "published";  // the folder's backbone; "wan": its Wan 2.2 weights, the rest fresh; "fresh"
  std::string cache;                // folder for what the encoders make of the clips
  std::int64_t image_size = 960;    // class of picture sizes: by each clip's shape one of about this size squared
  std::int64_t height = 0, width = 0;              // one size for all pictures instead
  std::int64_t frames = 121;                       // of every film, 4n + 1, at 24 a second; 5 s
  std::int64_t min_frames = 33, max_frames = 400;  // of films that are taken at all, as the list counts them
  double max_seconds = 10;                         // of sound alone
  std::int64_t batch = 1;
  double caption_drop =
      0.1;  // per sample: no text and no voice; never all of a batch, so that a batch of one keeps its text
  double spk_emb_prob = 0.9;     // per spoken line: its voice is given; else the learned null voice
  double image_condition = 0.5;  // per batch: the first latent frame is given
  bool image_loss = true;        // a given frame counts in the loss all the same, as published
  double mask_modality = 0.2;    // per batch of picture and sound: no attention between them
  double video_weight = 1, audio_weight = 0.2;  // of the losses; that of a film's picture counts squared, as published
  double noise_shift = 5;
  std::int64_t validation_clips = 4;  // of each modality that are held out (one clip always stays for training)
  bool recompute = false;             // activations of blocks are computed again in the backward pass
  Fields fields();
};

// The task's section of a recipe: the fields of NavaTaskOptions, "sources": a list of NavaSource, and "modal_prob": how
// often each modality is drawn, {"text_to_av": 1, "text_to_audio": 3}; without it all that have sources are drawn
// alike.
struct NavaRecipe {
  NavaTaskOptions options;
  std::vector<NavaSource> sources;
  std::array<double, kNavaModalities.size()> probability{};  // in the order of kNavaModalities, sum 1
};
// Throws InvalidRequest for unknown keys, values out of range, a modality that is drawn without a source, or lengths
// and sizes that the autoencoder has no latent for.
NavaRecipe read_nava_recipe(const nlohmann::json& options, const std::string& where);

}  // namespace phonofilm::train
