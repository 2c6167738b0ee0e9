// The request of a job: what a server stores in the queue and a worker makes a film of. It is JSON with the fields of
// GenerateRequest (request.h) and of what the film is given (given_files.h), where files are names of uploads that came
// with the job:
//
//   {"prompt": "a woman says <S>hello<E>", "seconds": 2, "seed": 7, "image": "image", "voices": ["voice.0"]}
//   {"prompt": "a ball falls", "retake": "0.5-1", "of": "of", "retake_only": "sound"}
//
// Fields that are left out have their defaults; other names are refused. A sound to follow is the field "audio_file", a
// film whose picture is followed "video_file", because "audio" and "video" say what is to be made.
#pragma once

#include "phonofilm/pipeline/given_files.h"

namespace phonofilm::pipeline {

inline constexpr std::int64_t kMostVoices = 8;
std::string voice_upload(std::int64_t index);  // "voice.0"

struct FilmJob {
  GenerateRequest request{};
  // Names of uploads: each file's is that of its field, or empty for none; the i-th voice's is voice_upload(i), or
  // empty for a line without one.
  GivenFiles files{};
  Fields fields();
};

// A field whose values are uploads.
struct UploadField {
  std::string name, title;           // the title is for people
  std::string kind;                  // "image", "audio" or "video"; "sound" and "film" where sounds and films will do
  std::vector<std::string> uploads;  // the names under which they come, one for each file that it takes
  std::string help;
};
std::vector<UploadField> upload_fields();

// The names of those that a model takes.
std::vector<std::string> uploads_taken(bool takes_voices, bool keeps_films);

// What the fields' bounds do not say: throws InvalidRequest as check(GenerateRequest) and check(GivenFiles), and for
// uploads of other names or more voices than kMostVoices.
void check(const FilmJob& job);

// Reads and checks. Throws InvalidRequest.
FilmJob parse_film_job(const std::string& json);

}  // namespace phonofilm::pipeline
