// What a film is given beside its request, as a user says it: paths of files, and the moment that is made again.
// Reading the files is the program's business.
#pragma once

#include <string>
#include <vector>

#include "phonofilm/pipeline/request.h"

namespace phonofilm::pipeline {

struct GivenFiles {
  std::string image{}, last_image{};  // first and last picture
  std::string audio{}, video{};       // a sound that the picture follows; a film whose picture the sound follows
  std::string extend{};               // a film to go on from
  std::string retake{};               // the seconds that are made again, "1.0-1.6", of the film `of`
  std::string of{};
  std::string retake_only = "both";   // or "picture" or "sound": the other is kept
  std::vector<std::string> voices{};  // reference voices; empty where a spoken line has none

  Fields fields();  // all but the voices
  // Whether what is given is kept as a part of the film.
  bool keeps() const {
    return !last_image.empty() || !audio.empty() || !video.empty() || !extend.empty() || !of.empty();
  }
  bool operator==(const GivenFiles&) const = default;
};

// Throws InvalidRequest, naming the flags, for files that contradict each other or the request.
void check(const GivenFiles& files, const GenerateRequest& request);

// "1.0-1.6". Throws InvalidRequest for text that is no such span, and for one that is empty or reversed.
families::TimeSpan parse_span(const std::string& text);

}  // namespace phonofilm::pipeline
