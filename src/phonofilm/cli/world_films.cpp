#include "phonofilm/cli/world_films.h"

#include "phonofilm/pipeline/generate.h"

namespace phonofilm::cli {

WorldFilms::WorldFilms(const families::Generator& model, const pipeline::GenerateRequest& request,
                       const nn::RunContext& context)
    : model_(model), request_(request), context_(context) {
  families::ClipRequest clip;
  clip.seconds = request.seconds;
  spec_ = model.clip_spec(clip);
}

world::RenderOptions WorldFilms::render_options() const {
  world::RenderOptions render;
  render.height = spec_.height, render.width = spec_.width;
  render.frames = spec_.frames, render.samples = spec_.samples;
  render.fps = model_.info().fps, render.sample_rate = model_.info().sample_rate;
  return render;
}

eval::GenerateFilm WorldFilms::generate() const {
  return [this](const world::Truth& truth, std::uint64_t seed) {
    pipeline::GenerateRequest request = request_;
    request.prompt = truth.caption;
    request.seed = std::int64_t(seed >> 1);  // seeds of requests are signed
    pipeline::GenerateOptions options;
    options.run = context_;
    return pipeline::generate(model_, request, {}, options).clip;
  };
}

eval::RoundTrip WorldFilms::round_trip() const {
  return [this](const Clip& clip) { return model_.decode(model_.encode_clip(clip, context_), spec_, context_); };
}

}  // namespace phonofilm::cli
