#include "phonofilm/cli/sample_writer.h"
#include "phonofilm/media/film.h"
#include "phonofilm/media/image.h"

namespace phonofilm::cli {

train::SampleWriter sample_writer() {
  return {[](const std::string& path, const Clip& clip) { media::write_film(path + (clip.has_video() ? ".mp4" : ".wav"), clip); },
          [](const std::string& path, const Tensor& image) { media::write_png(path + ".png", image); }};
}

}  // namespace phonofilm::cli
