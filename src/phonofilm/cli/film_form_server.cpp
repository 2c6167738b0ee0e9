#include "phonofilm/cli/film_form.h"

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
          {"Sampling", {"seed", "steps", "solver", "shift", "noise"}},
          {"Guidance", {"negative_prompt", "negative_audio_prompt", "text_guidance", "video_guidance", "audio_guidance",
                        "align_guidance", "video_align_guidance", "audio_align_guidance", "timbre_guidance",
                        "skip_layer"}}};
}

}  // namespace

server::FilmFormat film_format(const std::string& model) {
  const auto report = families::inspect_folder(find_model(model));
  const std::string id = std::filesystem::path(model).lexically_normal().filename().string();
  const Abilities can{id, !report || report->takes_voices, !report || report->keeps_films};
  server::FilmFormat format;
  format.blank = [can] { return std::make_unique<JobForm>(can); };
  for (const pipeline::UploadField& field : pipeline::upload_fields()) {
    format.inputs.push_back({field.name, field.kind, field.uploads, field.help, field.title});
  }
  format.groups = groups();
  format.models = {{.id = id,
                    .family = report ? report->family : "",
                    .takes = pipeline::uploads_taken(can.takes_voices, can.keeps_films)}};
  return format;
}

}  // namespace phonofilm::cli
