#include "phonofilm/cli/film_form.h"

#include <algorithm>
#include <filesystem>

#include "phonofilm/cli/find_model.h"
#include "phonofilm/families/registry.h"
#include "phonofilm/pipeline/film_job.h"
#include "phonofilm/pipeline/film_preparation.h"

namespace phonofilm::cli {
namespace {

// What the workers' model can be given.
struct Abilities {
  std::string model;
  bool takes_voices = false, keeps_films = false;
};

class JobForm : public server::FilmForm {
 public:
  explicit JobForm(const Abilities& abilities) : abilities_(abilities) {}
  Fields fields() override { return job_.fields(); }
  void check() override {
    pipeline::check(job_);
    pipeline::expect_taken(job_.files, abilities_.model, abilities_.takes_voices, abilities_.keeps_films,
                           pipeline::Naming::fields);
  }

 private:
  Abilities abilities_;
  pipeline::FilmJob job_;
};

std::vector<server::FieldGroup> groups() {
  return {{"Film", {"seconds", "overlap", "latent_frames", "width", "height", "exact_size", "video", "audio",
                    "sample_rate", "then"}},
          {"A moment made again", {"retake", "retake_only"}},
          {"Sampling", {"seed", "steps", "solver", "shift", "sound_steps", "sound_shift", "noise"}},
          {"Guidance", {"negative_prompt", "negative_audio_prompt", "text_guidance", "video_guidance", "audio_guidance",
                        "align_guidance", "video_align_guidance", "audio_align_guidance", "timbre_guidance",
                        "skip_layer"}}};
}

void add_usual_film(const families::FolderReport& report, const std::string& variant, server::ModelCard& card) {
  const auto& variants = report.variants;
  const auto found = variant.empty() ? variants.begin() : std::find(variants.begin(), variants.end(), variant);
  const auto index = size_t(found - variants.begin());
  if (index >= report.films.size()) return;
  const families::UsualFilm& film = report.films[index];
  card.width = film.width, card.height = film.height;
  card.seconds = film.seconds, card.fps = film.fps;
  card.follows_image = film.follows_image;
}

// The last name of a path, also of one that ends in a slash.
std::string last_name(const std::filesystem::path& path) {
  const std::filesystem::path plain = path.lexically_normal();
  return (plain.has_filename() ? plain : plain.parent_path()).filename().string();
}

server::ModelCard card_of(const Abilities& can, const std::optional<families::FolderReport>& report,
                          const std::string& variant) {
  server::ModelCard card{.id = can.model, .takes = pipeline::uploads_taken(can.takes_voices, can.keeps_films)};
  if (!report) return card;
  card.family = report->family;
  add_usual_film(*report, variant, card);
  return card;
}

}  // namespace

server::FilmFormat film_format(const std::string& model, const std::string& variant) {
  const auto report = families::inspect_folder(find_model(model));
  const Abilities can{last_name(model), !report || report->takes_voices, !report || report->keeps_films};
  server::FilmFormat format;
  format.blank = [can] { return std::make_unique<JobForm>(can); };
  for (const pipeline::UploadField& field : pipeline::upload_fields()) {
    format.inputs.push_back({field.name, field.kind, field.uploads, field.help, field.title});
  }
  format.groups = groups();
  format.models = {card_of(can, report, variant)};
  return format;
}

}  // namespace phonofilm::cli
