#include "phonofilm/cli/film_inputs.h"

#include <algorithm>

#include "phonofilm/media/audio_file.h"
#include "phonofilm/media/film.h"
#include "phonofilm/media/image.h"

namespace phonofilm::cli {
namespace {

class FileReader : public pipeline::GivenReader {
 public:
  Tensor picture(const std::string& file) override { return media::read_image(file); }
  Tensor voice(const std::string& file) override {
    const media::AudioLimits limits{.max_seconds = pipeline::kLongestVoice, .truncate = true};
    return media::read_audio(file, families::kVoiceRate, /*channels=*/0, limits);
  }
  pipeline::GivenLook look(const std::string& file, bool pictures) override {
    const media::FilmFacts facts = media::inspect_film(file).facts;
    return {facts.has_video, facts.has_audio, facts.has_video && pictures ? media::read_image(file) : Tensor()};
  }
  Clip clip(const std::string& file, const pipeline::ClipWanted& wanted) override {
    media::FilmLimits limits;
    limits.sample_rate = wanted.sample_rate, limits.channels = wanted.channels, limits.fps = wanted.fps;
    limits.height = wanted.height, limits.width = wanted.width;
    limits.pictures = wanted.pictures;
    if (wanted.seconds > 0) {
      limits.max_seconds = std::min(limits.max_seconds, wanted.seconds);
      limits.truncate = true;
    }
    return media::read_film(file, limits).clip;
  }
  Tensor cover(const Tensor& picture, std::int64_t height, std::int64_t width) override {
    return media::resize_cover(picture, height, width);
  }
};

}  // namespace

pipeline::PreparedFilm prepare_film(const families::Generator& model, const pipeline::GenerateRequest& request,
                                    const FilmInputs& inputs) {
  if (inputs.resume) return {request, inputs.resume->given, {}};
  FileReader reader;
  return pipeline::prepare_film(model, request, inputs.files, reader);
}

}  // namespace phonofilm::cli
