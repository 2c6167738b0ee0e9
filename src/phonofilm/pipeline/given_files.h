// What a film is given beside its request, as a user says it: files by their paths (in a job, uploads by their names),
// and the moment that is made again. How they are read: film_preparation.h.
#pragma once

#include <string>
#include <vector>

#include "phonofilm/pipeline/request.h"

namespace phonofilm::pipeline {

// How messages name what a request says: as flags of the command line, or as fields of a job (film_job.h).
enum class Naming { flags, fields };
// Of a file or setting: "--last-image" or "last_image"; a sound and a film that are followed, and voices, have other
// names in jobs.
std::string word_of(Naming naming, const std::string& field);
// That there shall be no picture or sound: "--no-video" or "video: false".
std::string word_without(Naming naming, const std::string& modality);

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

// Throws InvalidRequest, with their names, for files that contradict each other or the request.
void check(const GivenFiles& files, const GenerateRequest& request, Naming naming = Naming::flags);

// "1.0-1.6". Throws InvalidRequest for text that is no such span, and for one that is empty or reversed.
families::TimeSpan parse_span(const std::string& text, Naming naming = Naming::flags);

}  // namespace phonofilm::pipeline
