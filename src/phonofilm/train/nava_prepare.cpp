#include "phonofilm/train/nava_prepare.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <sstream>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/families/nava/film_spec.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/train/nava_encoders.h"

namespace phonofilm::train {
namespace {

namespace fs = std::filesystem;

constexpr double kLongestVoice = 30;  // seconds that the speaker encoder listens to
constexpr double kBeyond = 1;         // seconds that show a spoken line to be longer than it may be

struct Job {
  NavaEntry entry;
  size_t source = 0;
  NavaModality modality = NavaModality::text_to_av;
};

std::vector<Job> list_jobs(const NavaRecipe& recipe, Dropped& dropped) {
  std::vector<Job> jobs;
  for (size_t i = 0; i < recipe.sources.size(); ++i) {
    const NavaSource& source = recipe.sources[i];
    if (source.weight == 0 || recipe.probability[size_t(source.modality())] == 0) continue;
    for (NavaEntry& entry : read_nava_list(source, dropped)) jobs.push_back({std::move(entry), i, source.modality()});
  }
  return jobs;
}

// Where the list knows how long a film is, it need not be read to be left out.
bool of_a_taken_length(const Job& job, const NavaTaskOptions& options) {
  const double frames = job.entry.seconds * job.entry.fps;
  return !is_film(job.modality) || !job.entry.tells_length() ||
         (frames >= double(options.min_frames) && frames <= double(options.max_frames));
}

// Of sound alone max_seconds are kept: a line that goes on beyond them would be cut in two, its caption not.
bool speaks_within(const Job& job, const NavaTaskOptions& options) {
  if (has_picture(job.modality)) return true;
  if (job.entry.is_one_line()) return job.entry.seconds <= options.max_seconds;
  return std::all_of(job.entry.spans.begin(), job.entry.spans.end(),
                     [&](const SpokenSpan& span) { return span.end <= options.max_seconds; });
}

// Why a clip is left out by what its list says; empty where it is not.
std::string refusal(const Job& job, const NavaTaskOptions& options) {
  if (!of_a_taken_length(job, options)) return "its length lies outside min_frames to max_frames";
  return speaks_within(job, options) ? "" : "its speech goes on beyond max_seconds";
}

// Of a film's sound as much as its voices are taken from, which may be more than what is kept.
double sound_wish(const Job& job, const NavaTaskOptions& options) {
  if (!has_sound(job.modality)) return 0;
  if (!is_film(job.modality)) return options.max_seconds + (job.entry.is_one_line() ? kBeyond : 0);
  double seconds = double(options.frames) / nava::kFps;
  for (const SpokenSpan& span : job.entry.spans) {
    seconds = std::max(seconds, std::isfinite(span.end) ? span.end : kLongestVoice);
  }
  return seconds;
}

ClipWish wish_of(const Job& job, const NavaTaskOptions& options) {
  ClipWish wish{.sound_seconds = sound_wish(job, options), .still = job.modality == NavaModality::text_to_image};
  if (!is_film(job.modality)) return wish;
  // As many as show that the film is long enough, also where fewer are kept.
  wish.picture_seconds = double(std::max(options.frames, options.min_frames)) / nava::kFps;
  if (!job.entry.tells_length()) wish.longest_seconds = double(options.max_frames) / nava::kFps;
  return wish;
}

std::string hexadecimal(std::uint64_t number) {
  std::ostringstream text;
  text << std::hex << number;
  const std::string digits = text.str();
  return std::string(16 - digits.size(), '0') + digits;
}

// What a clip is, whatever becomes of it.
std::string identity(const Job& job) {
  std::string text = concat(name_of(job.modality), "\n", job.entry.path, "\n", job.entry.caption);
  for (const SpokenSpan& span : job.entry.spans) text += concat("\n", span.begin, "-", span.end);
  return text;
}

// Folders of some thousand files each, where a training has millions.
std::string cache_file(const NavaTaskOptions& options, const Job& job) {
  const std::string name = hexadecimal(mix_seed(0, identity(job)));
  return concat(options.cache, "/", name.substr(0, 3), "/", name, ".safetensors");
}

std::string state_of(const std::string& path) {
  std::error_code failure;
  const auto size = fs::file_size(path, failure);
  if (failure) return "";
  return concat(size, " ", fs::last_write_time(path, failure).time_since_epoch().count());
}

// Everything that the encodings of one run share.
std::string settings(const NavaTaskOptions& o, const NavaPreparation& how) {
  return concat("nava clip 2, size ", o.image_size, " ", o.height, "x", o.width, ", frames ", o.frames,
                ", seconds ", o.max_seconds, ", rows ", how.backbone.text_len, ", voices ", how.backbone.add_spk_emb,
                ", encoders ", encoders_fingerprint(o.model));
}

// The lengths by which a film was taken when it was read; where the list tells its length, that is asked at every
// start.
std::string lengths(const Job& job, const NavaTaskOptions& o) {
  if (!is_film(job.modality) || job.entry.tells_length()) return "";
  return concat("\nlengths ", o.min_frames, " to ", o.max_frames);
}

class Preparation {
 public:
  Preparation(const NavaRecipe& recipe, const NavaPreparation& how, Dropped& dropped)
      : options_(recipe.options), how_(how), dropped_(dropped), settings_(settings(recipe.options, how)) {}

  // The clip's file, made if need be; empty where it cannot be used.
  std::string ready(const Job& job) {
    const std::string refused = refusal(job, options_);
    if (!refused.empty()) {
      dropped_.add(refused, excerpt(job.entry.path));
      return "";
    }
    const std::string file = cache_file(options_, job);
    const std::string contents = concat(settings_, "\n", state_of(job.entry.path), "\n", identity(job),
                                        lengths(job, options_));
    return holds_encoded_clip(file, contents) || encode(job, file, contents) ? file : "";
  }

 private:
  bool encode(const Job& job, const std::string& file, const std::string& contents) {
    try {
      const Clip clip = how_.read(job.entry.path, wish_of(job, options_));
      check_nava_clip(job.entry, job.modality, clip, options_);
      const EncodedClip encoded = encoders().encode(job.entry, job.modality, clip, options_);
      make_folder(fs::path(file).parent_path().string());
      save_encoded_clip(file, encoded, contents);
      return true;
    } catch (const MediaError& error) {
      dropped_.add("it cannot be read", error.what());
    } catch (const InvalidRequest& error) {
      dropped_.add("it cannot be used", concat(excerpt(job.entry.path), ": ", error.what()));
    } catch (const ShapeError& error) {
      dropped_.add("it cannot be used", concat(excerpt(job.entry.path), ": ", error.what()));
    }
    return false;
  }

  const NavaEncoders& encoders() {
    if (!encoders_) encoders_ = std::make_unique<NavaEncoders>(options_.model, how_.backbone, how_.open_tokenizer);
    return *encoders_;
  }

  const NavaTaskOptions& options_;
  const NavaPreparation& how_;
  Dropped& dropped_;
  std::string settings_;
  std::unique_ptr<NavaEncoders> encoders_;
};

}  // namespace

std::vector<NavaClip> prepare_clips(const NavaRecipe& recipe, const NavaPreparation& how, Dropped& dropped) {
  PF_CHECK(how.read, InvalidRequest, "train",
           "this program was built without its media library, which reads the clips");
  const std::vector<Job> jobs = list_jobs(recipe, dropped);
  Preparation preparation(recipe, how, dropped);
  std::vector<NavaClip> clips;
  for (size_t i = 0; i < jobs.size(); ++i) {
    const std::string file = preparation.ready(jobs[i]);
    if (!file.empty()) {
      const EncodedClip clip = open_encoded_clip(file, how.backbone);
      const std::string& path = jobs[i].entry.path;
      clips.push_back({file, path, jobs[i].source, clip.video.sizes().vec(), clip.audio.sizes().vec()});
      const std::int64_t voiceless = clip.voices.size(0) - clip.voices.any(1).sum().item<std::int64_t>();
      if (voiceless > 0) dropped.add_voiceless(voiceless, excerpt(path));
    }
    const bool go_on = how.observer({"encode clips", std::int64_t(i) + 1, std::int64_t(jobs.size()),
                                     concat(dropped.total(), " left out")});
    PF_CHECK(go_on, Cancelled, "train", "stopped while encoding clips; those that are done are kept");
  }
  return clips;
}

}  // namespace phonofilm::train
