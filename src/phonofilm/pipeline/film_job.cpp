#include "phonofilm/pipeline/film_job.h"

#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/untrusted_text.h"

namespace phonofilm::pipeline {

std::string voice_upload(std::int64_t index) { return concat("voice.", index); }

Fields FilmJob::fields() {
  Fields fields = request.fields();
  fields.push_back({"image", &image, "first frame: an upload"});
  fields.push_back({"voices", &voices, "reference voices: uploads, the i-th for the i-th <S>...<E>; empty: none"});
  return fields;
}

void check(const FilmJob& job) {
  check(job.request);
  PF_CHECK(job.image.empty() || job.image == kImageUpload, InvalidRequest, "job", "image: expected '", kImageUpload,
           "' or nothing, got ", in_quotes(job.image));
  PF_CHECK(job.image.empty() || job.request.video, InvalidRequest, "job", "a first frame needs a film with a picture");
  PF_CHECK(std::int64_t(job.voices.size()) <= kMostVoices, InvalidRequest, "job", "voices: ", job.voices.size(),
           " are given, at most ", kMostVoices, " are taken");
  for (size_t i = 0; i < job.voices.size(); ++i) {
    const std::string name = voice_upload(std::int64_t(i));
    PF_CHECK(job.voices[i].empty() || job.voices[i] == name, InvalidRequest, "job", "voices: expected '", name,
             "' or nothing, got ", in_quotes(job.voices[i]));
  }
}

FilmJob parse_film_job(const std::string& json) {
  FilmJob job;
  read_json(parse_json(json, "job"), job.fields(), "job");
  check(job);
  return job;
}

}  // namespace phonofilm::pipeline
