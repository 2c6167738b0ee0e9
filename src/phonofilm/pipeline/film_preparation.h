// From a request and the names of files to what generate_film() takes: lengths and sizes that follow from given films,
// and what of them is kept. How a file is read is the caller's business: the program opens what its user names, a
// worker has uploads of unknown origin decoded elsewhere.
#pragma once

#include <string>
#include <vector>

#include "phonofilm/pipeline/given_files.h"

namespace phonofilm::pipeline {

inline constexpr double kLongestVoice = 30;  // seconds of a reference voice, as much as speaker encoders listen to

// What a film or sound is read as.
struct ClipWanted {
  bool pictures = true;                 // false: the sound alone
  double seconds = 0;                   // that are read of a longer one; 0: all, of one that is not too long
  double fps = 24;                      // pictures are repeated or left out
  std::int64_t height = 0, width = 0;   // that the pictures cover, their middle kept
  std::int64_t sample_rate = 0, channels = 0;
};

// What a file holds.
struct GivenLook {
  bool has_picture = false, has_sound = false;
  Tensor first{};  // its first picture, uint8 [H, W, 3], where pictures are asked for and there
};

// Reads files by their names in GivenFiles. Throws MediaError for what cannot be read.
class GivenReader {
 public:
  virtual ~GivenReader() = default;
  virtual Tensor picture(const std::string& file) = 0;                 // uint8 [H, W, 3], of any size
  virtual Tensor voice(const std::string& file) = 0;                   // float32 [C, S] at families::kVoiceRate
  virtual GivenLook look(const std::string& file, bool pictures) = 0;  // before more of it is read
  virtual Clip clip(const std::string& file, const ClipWanted& wanted) = 0;
  // The picture scaled to cover height x width, its middle kept.
  virtual Tensor cover(const Tensor& picture, std::int64_t height, std::int64_t width) = 0;
};

// A film as generate_film() is asked for it.
struct PreparedFilm {
  GenerateRequest request;  // with the length and the size that follow from what is given
  Given given{};
  std::vector<std::string> notices{};  // for the user
};

// What a model must be able to do for these files. Throws InvalidRequest, naming it. model: for messages.
void expect_taken(const GivenFiles& files, const std::string& model, bool takes_voices, bool keeps_films,
                  Naming naming = Naming::flags);

// Reads the files and brings them to the model's size and rates. Throws InvalidRequest for files that contradict each
// other, that this model does not take, or that give a film of a length that cannot be made; MediaError for files that
// cannot be read or hold neither picture nor sound where one is needed.
PreparedFilm prepare_film(const families::Generator& model, const GenerateRequest& request, const GivenFiles& files,
                          GivenReader& reader, Naming naming = Naming::flags);

}  // namespace phonofilm::pipeline
