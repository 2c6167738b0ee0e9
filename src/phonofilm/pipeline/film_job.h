// The request of a job: what a server stores in the queue and a worker makes a film of. It is JSON with the fields of
// GenerateRequest (request.h) and, as names of uploads that came with the job, a first frame and reference voices:
//
//   {"prompt": "a woman says <S>hello<E>", "seconds": 2, "seed": 7, "image": "image", "voices": ["voice.0"]}
//
// Fields that are left out have their defaults; other names are refused.
#pragma once

#include "phonofilm/pipeline/request.h"

namespace phonofilm::pipeline {

inline constexpr const char* kImageUpload = "image";
inline constexpr std::int64_t kMostVoices = 8;
std::string voice_upload(std::int64_t index);  // "voice.0"

struct FilmJob {
  GenerateRequest request{};
  std::string image{};                // kImageUpload, or empty for none
  // The i-th for the i-th <S>...<E>: voice_upload(i), or empty for a line without one.
  std::vector<std::string> voices{};
  Fields fields();
};

// What the fields' bounds do not say: throws InvalidRequest as check(GenerateRequest), and for uploads of other names,
// more voices than kMostVoices, or a first frame without a picture.
void check(const FilmJob& job);

// Reads and checks. Throws InvalidRequest.
FilmJob parse_film_job(const std::string& json);

}  // namespace phonofilm::pipeline
