#include "phonofilm/train/nava_options.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>

#include "phonofilm/base/error.h"

namespace phonofilm::train {
namespace {

constexpr std::int64_t kSizeUnit = 16;  // pixels per latent value

std::vector<std::string> modality_names() {
  std::vector<std::string> names;
  for (const NavaModality modality : kNavaModalities) names.push_back(name_of(modality));
  return names;
}

nlohmann::json take(nlohmann::json& object, const char* name, nlohmann::json otherwise) {
  nlohmann::json found = object.contains(name) ? object[name] : std::move(otherwise);
  object.erase(name);
  return found;
}

std::vector<NavaSource> read_sources(const nlohmann::json& list, const std::string& where) {
  PF_CHECK(list.is_array() && !list.empty(), InvalidRequest, "recipe", where,
           R"(: "sources" must list what to train on: [{"data": "clips.jsonl", "modal": "text_to_av", "weight": 1}])");
  std::vector<NavaSource> sources(list.size());
  for (size_t i = 0; i < sources.size(); ++i) {
    read_json(list[i], sources[i].fields(), concat(where, ": sources ", i + 1));
    PF_CHECK(!sources[i].data.empty(), InvalidRequest, "recipe", where, ": sources ", i + 1, ": \"data\" is missing");
  }
  return sources;
}

void read_probabilities(const nlohmann::json& given, NavaRecipe& recipe, const std::string& where) {
  const auto drawn = [&](NavaModality modality) {
    return std::any_of(recipe.sources.begin(), recipe.sources.end(),
                       [&](const NavaSource& source) { return source.modality() == modality && source.weight > 0; });
  };
  Fields fields;
  for (size_t i = 0; i < kNavaModalities.size(); ++i) {
    recipe.probability[i] = given.empty() && drawn(kNavaModalities[i]) ? 1 : 0;
    fields.push_back({name_of(kNavaModalities[i]), &recipe.probability[i], "share of the batches", 0.0, 1e6});
  }
  read_json(given, fields, where + ": modal_prob");
  const double sum = std::accumulate(recipe.probability.begin(), recipe.probability.end(), 0.0);
  PF_CHECK(sum > 0, InvalidRequest, "recipe", where,
           ": modal_prob and the weights of the sources leave nothing to draw");
  for (size_t i = 0; i < kNavaModalities.size(); ++i) {
    PF_CHECK(recipe.probability[i] == 0 || drawn(kNavaModalities[i]), InvalidRequest, "recipe", where,
             ": modal_prob draws ", name_of(kNavaModalities[i]), ", but no source has such clips");
    recipe.probability[i] /= sum;
  }
}

void check(const NavaTaskOptions& o, const std::string& where) {
  PF_CHECK(!o.model.empty() && !o.cache.empty(), InvalidRequest, "recipe", where,
           ": \"model\" and \"cache\" must name folders");
  PF_CHECK((o.frames - 1) % 4 == 0, InvalidRequest, "recipe", where, ": frames must be 4n + 1, got ", o.frames,
           "; the nearest is ", 4 * ((o.frames + 1) / 4) + 1);
  PF_CHECK((o.height > 0) == (o.width > 0), InvalidRequest, "recipe", where,
           ": give both height and width, or neither");
  PF_CHECK(o.height % kSizeUnit == 0 && o.width % kSizeUnit == 0, InvalidRequest, "recipe", where,
           ": height and width must be multiples of ", kSizeUnit, ", got ", o.height, "x", o.width);
  PF_CHECK(o.min_frames <= o.max_frames, InvalidRequest, "recipe", where, ": min_frames is above max_frames");
}

}  // namespace

std::string name_of(NavaModality modality) {
  static constexpr std::array kNames{"text_to_av", "text_to_audio", "text_to_video", "text_to_image"};
  return kNames[size_t(modality)];
}

Fields NavaSource::fields() {
  return {{"data", &data, "list of clips, .jsonl"},
          {"modal", &modal, "what its clips train", {}, {}, modality_names()},
          {"weight", &weight, "share among the sources of its modality", 0.0, 1e9},
          {"name", &name, "of the set; one that ends in _tts holds a spoken line per clip"}};
}

NavaModality NavaSource::modality() const {
  for (const NavaModality modality : kNavaModalities) {
    if (name_of(modality) == modal) return modality;
  }
  throw InvalidRequest("recipe", concat("unknown modality '", modal, "'", did_you_mean(modal, modality_names())));
}

bool NavaSource::is_speech() const {
  return (name.empty() ? std::filesystem::path(data).stem().string() : name).ends_with("_tts");
}

Fields NavaTaskOptions::fields() {
  return {{"model", &model, "folder of the model"},
          {"start", &start, "what the backbone starts from", {}, {}, {"published", "wan", "fresh"}},
          {"cache", &cache, "folder for encoded clips"},
          {"image_size", &image_size, "class of picture sizes: 256, 512, 640 or 960", 256.0, 960.0},
          {"height", &height, "of all pictures; 0: by the size class", 0.0, 4096.0},
          {"width", &width, "of all pictures; 0: by the size class", 0.0, 4096.0},
          {"frames", &frames, "of every film (4n + 1)", 1.0, 961.0},
          {"min_frames", &min_frames, "least length of a clip that is taken", 1.0, 1e6},
          {"max_frames", &max_frames, "greatest length of a clip that is taken", 1.0, 1e6},
          {"max_seconds", &max_seconds, "of sound alone", 0.1, 40.0},
          {"batch", &batch, "clips per step", 1.0, 4096.0},
          {"caption_drop", &caption_drop, "probability of no text, per sample", 0.0, 1.0},
          {"spk_emb_prob", &spk_emb_prob, "probability that a spoken line's voice is given", 0.0, 1.0},
          {"image_condition", &image_condition, "probability of a given first frame, per batch", 0.0, 1.0},
          {"image_loss", &image_loss, "a given first frame counts in the loss"},
          {"mask_modality", &mask_modality, "probability of separate modalities, per batch", 0.0, 1.0},
          {"video_weight", &video_weight, "of the video loss", 0.0, 100.0},
          {"audio_weight", &audio_weight, "of the audio loss", 0.0, 100.0},
          {"noise_shift", &noise_shift, "of the noise levels", 0.1, 100.0},
          {"validation_clips", &validation_clips, "held-out clips per modality", 0.0, 4096.0},
          {"recompute", &recompute, "compute blocks again in the backward pass instead of keeping their activations"}};
}

NavaRecipe read_nava_recipe(const nlohmann::json& options, const std::string& where) {
  PF_CHECK(options.is_object(), InvalidRequest, "recipe", where, ": expected an object");
  nlohmann::json rest = options;
  NavaRecipe recipe;
  recipe.sources = read_sources(take(rest, "sources", nlohmann::json::array()), where);
  read_probabilities(take(rest, "modal_prob", nlohmann::json::object()), recipe, where);
  read_json(rest, recipe.options.fields(), where);
  check(recipe.options, where);
  return recipe;
}

}  // namespace phonofilm::train
