#include "phonofilm/train/nava_prepare.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <sstream>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/families/nava/film_spec.h"
#include "phonofilm/train/nava_encoders.h"

namespace phonofilm::train {
namespace {

namespace fs = std::filesystem;

constexpr double kLongestVoice = 30;  // seconds that the speaker encoder listens to

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
  const bool film = job.modality == NavaModality::text_to_av || job.modality == NavaModality::text_to_video;
  const double frames = job.entry.seconds * job.entry.fps;
  return !film || frames == 0 || (frames >= double(options.min_frames) && frames <= double(options.max_frames));
}

ClipWish wish_of(const Job& job, const NavaTaskOptions& options) {
  ClipWish wish{.pictures = has_picture(job.modality), .sound = has_sound(job.modality)};
  wish.still = job.modality == NavaModality::text_to_image;
  wish.seconds = has_picture(job.modality) ? double(options.frames) / nava::kFps : options.max_seconds;
  if (!wish.sound) return wish;
  for (const SpokenSpan& span : job.entry.spans) {
    wish.seconds = std::max(wish.seconds, std::isfinite(span.end) ? span.end : kLongestVoice);
  }
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
  return concat("nava clip 1, size ", o.image_size, " ", o.height, "x", o.width, ", frames ", o.frames, " from ",
                o.min_frames, ", seconds ", o.max_seconds, ", rows ", how.backbone.text_len, ", voices ",
                how.backbone.add_spk_emb, ", ", how.run.dtype == at::kBFloat16 ? "bfloat16" : "float32", ", encoders ",
                encoders_fingerprint(o.model));
}

class Preparation {
 public:
  Preparation(const NavaRecipe& recipe, const NavaPreparation& how, Dropped& dropped)
      : options_(recipe.options), how_(how), dropped_(dropped), settings_(settings(recipe.options, how)) {}

  // The clip's file, made if need be; empty where it cannot be used.
  std::string ready(const Job& job) {
    const std::string file = cache_file(options_, job);
    const std::string contents = concat(settings_, "\n", state_of(job.entry.path), "\n", identity(job));
    if (holds_encoded_clip(file, contents)) return file;
    if (!of_a_taken_length(job, options_)) {
      dropped_.add("its length lies outside min_frames to max_frames", excerpt(job.entry.path));
      return "";
    }
    if (!encoders_)
      encoders_ = std::make_unique<NavaEncoders>(options_.model, how_.backbone, how_.open_tokenizer, how_.run);
    return encode(job, file, contents) ? file : "";
  }

 private:
  bool encode(const Job& job, const std::string& file, const std::string& contents) {
    try {
      const Clip clip = how_.read(job.entry.path, wish_of(job, options_));
      const EncodedClip encoded = encoders_->encode(job.entry, job.modality, clip, options_);
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
      const EncodedClip clip = open_encoded_clip(file);
      clips.push_back({file, jobs[i].source, clip.video.sizes().vec(), clip.audio.sizes().vec()});
    }
    const bool go_on = how.observer({"encode clips", std::int64_t(i) + 1, std::int64_t(jobs.size()),
                                     concat(dropped.total(), " left out")});
    PF_CHECK(go_on, Cancelled, "train", "stopped while encoding clips; those that are done are kept");
  }
  return clips;
}

}  // namespace phonofilm::train
