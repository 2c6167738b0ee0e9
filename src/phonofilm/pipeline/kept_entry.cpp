#include "phonofilm/pipeline/kept_entry.h"

#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/fields.h"
#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"

namespace phonofilm::pipeline {
namespace {

using families::TimeSpan;
using weights::SafetensorsFile;

TimeSpan read_span(const nlohmann::json& json, const std::string& where) {
  const bool numbers = json.is_array() && (json.size() == 1 || json.size() == 2) && json.front().is_number() &&
                       json.back().is_number();
  PF_CHECK(numbers, CheckpointError, "resume", where, ": expected [first, last] in seconds, got ",
           excerpt(json.dump()));
  const TimeSpan span{json[0].get<double>(), json.size() == 2 ? json[1].get<double>() : kToTheEnd};
  PF_CHECK(span.first >= 0 && span.first < span.last && span.last <= kToTheEnd, CheckpointError, "resume", where,
           ": no span of a film: ", excerpt(json.dump()));
  return span;
}

// length: seconds of what is kept, into which every span begins.
std::vector<TimeSpan> read_spans(const nlohmann::json& list, double length, const std::string& where) {
  PF_CHECK(list.is_array(), CheckpointError, "resume", where, ": expected a list of spans, got ",
           excerpt(list.dump()));
  std::vector<TimeSpan> spans;
  for (const nlohmann::json& json : list) {
    const TimeSpan span = read_span(json, where);
    PF_CHECK(spans.empty() || span.first >= spans.back().last, CheckpointError, "resume", where,
             ": spans out of order: ", excerpt(list.dump()));
    PF_CHECK(span.first < length, CheckpointError, "resume", where, ": a span begins at ", span.first,
             " s, and what is kept lasts ", length, " s");
    spans.push_back(span);
  }
  return spans;
}

Tensor kept_tensor(const SafetensorsFile& file, const char* name, at::ScalarType dtype, std::int64_t axes) {
  if (!file.tensors().contains(name)) return {};
  const Tensor& tensor = file.at(name);
  const bool fits = tensor.scalar_type() == dtype && tensor.dim() == axes && tensor.numel() > 0;
  PF_CHECK(fits && (axes < 4 || tensor.size(3) == 3), CheckpointError, "resume", file.path(), ": \"", name,
           "\": expected ", axes == 4 ? "uint8 [F, H, W, 3]" : "float32 [channels, samples]", ", got ",
           c10::toString(tensor.scalar_type()), " ", shape_text(tensor.sizes()));
  return tensor.clone();
}

Clip kept_clip(const SafetensorsFile& file, const nlohmann::json& json, const std::string& where) {
  const Clip clip{kept_tensor(file, "kept_frames", at::kByte, 4), json["fps"].get<double>(),
                  kept_tensor(file, "kept_waveform", at::kFloat, 2), json["sample_rate"].get<std::int64_t>()};
  const bool pictures = !clip.has_video() || (clip.fps > 0 && clip.fps <= 1000);
  const bool sound = !clip.has_audio() || (clip.sample_rate > 0 && clip.sample_rate <= 1'000'000);
  PF_CHECK(pictures && sound, CheckpointError, "resume", where, ": no film has ", clip.fps, " pictures or ",
           clip.sample_rate, " samples a second");
  PF_CHECK(!clip.has_audio() || clip.waveform.isfinite().all().item<bool>(), CheckpointError, "resume", where,
           ": its sound holds samples that are no numbers");
  return clip;
}

}  // namespace

nlohmann::json spans_json(const std::vector<TimeSpan>& spans) {
  nlohmann::json list = nlohmann::json::array();
  for (const TimeSpan& span : spans) {
    const bool ends = span.last < kToTheEnd;
    list.push_back(ends ? nlohmann::json{span.first, span.last} : nlohmann::json{span.first});
  }
  return list;
}

void add_kept(const families::KeptFilm& kept, weights::TensorMap& tensors, weights::Metadata& metadata) {
  if (kept.empty()) return;
  if (kept.clip.has_video()) tensors["kept_frames"] = kept.clip.frames.contiguous();
  if (kept.clip.has_audio()) tensors["kept_waveform"] = kept.clip.waveform.contiguous();
  metadata["kept"] = nlohmann::json{{"video", spans_json(kept.video)},
                                    {"audio", spans_json(kept.audio)},
                                    {"fps", kept.clip.fps},
                                    {"sample_rate", kept.clip.sample_rate}}
                         .dump();
}

families::KeptFilm kept_of(const SafetensorsFile& file) {
  const auto entry = file.metadata().find("kept");
  if (entry == file.metadata().end()) return {};
  const std::string where = file.path() + ": kept";
  const nlohmann::json json = parse_json(entry->second, where);
  const bool whole = json.is_object() && json.contains("video") && json.contains("audio") && json.contains("fps") &&
                     json["fps"].is_number() && json.contains("sample_rate") && json["sample_rate"].is_number_integer();
  PF_CHECK(whole, CheckpointError, "resume", where, ": expected video, audio, fps and sample_rate");
  families::KeptFilm kept{kept_clip(file, json, where), {}, {}};
  kept.video = read_spans(json["video"], kept.clip.video_seconds(), where);
  kept.audio = read_spans(json["audio"], kept.clip.audio_seconds(), where);
  return kept;
}

}  // namespace phonofilm::pipeline
