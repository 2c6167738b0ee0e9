#include "phonofilm/pipeline/film_job.h"

#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/untrusted_text.h"

namespace phonofilm::pipeline {
namespace {

// A field that takes one file, which comes as an upload of the field's name.
struct FileField {
  std::string GivenFiles::*file;
  const char *name, *title, *kind, *help;
};
constexpr FileField kFiles[] = {
    {&GivenFiles::image, "image", "Image", "image", "first frame"},
    {&GivenFiles::last_image, "last_image", "Last image", "image", "last picture"},
    {&GivenFiles::audio, "audio_file", "Sound", "sound", "a sound that the picture follows, or a film's sound"},
    {&GivenFiles::video, "video_file", "Silent film", "video", "a film whose picture the sound follows"},
    {&GivenFiles::extend, "extend", "Go on from", "film", "a film to go on from; the seconds asked for are added"},
    {&GivenFiles::of, "of", "Make again", "film", "the film of which the moment 'retake' is made again"}};
constexpr const char* kVoices = "voices";
constexpr const char* kVoicesHelp = "reference voices, the i-th for the i-th <S>...<E>; empty: none";

std::vector<std::string> voice_uploads() {
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < kMostVoices; ++i) names.push_back(voice_upload(i));
  return names;
}

void check_voices(const std::vector<std::string>& voices) {
  PF_CHECK(std::int64_t(voices.size()) <= kMostVoices, InvalidRequest, "job", "voices: ", voices.size(),
           " are given, at most ", kMostVoices, " are taken");
  for (size_t i = 0; i < voices.size(); ++i) {
    const std::string name = voice_upload(std::int64_t(i));
    PF_CHECK(voices[i].empty() || voices[i] == name, InvalidRequest, "job", "voices: expected '", name,
             "' or nothing, got ", in_quotes(voices[i]));
  }
}

}  // namespace

std::string voice_upload(std::int64_t index) { return concat("voice.", index); }

std::vector<UploadField> upload_fields() {
  std::vector<UploadField> fields;
  for (const FileField& field : kFiles) {
    fields.push_back({field.name, field.title, field.kind, {field.name}, field.help});
  }
  // Second: a file that is only known to be a picture or a sound goes to the first field that takes such.
  fields.insert(fields.begin() + 1, {kVoices, "Voices", "audio", voice_uploads(), kVoicesHelp});
  return fields;
}

std::vector<std::string> uploads_taken(bool takes_voices, bool keeps_films) {
  std::vector<std::string> names;
  for (const UploadField& field : upload_fields()) {
    const bool voices = field.name == kVoices, image = field.name == kFiles[0].name;
    if (voices ? takes_voices : image || keeps_films) names.push_back(field.name);
  }
  return names;
}

Fields FilmJob::fields() {
  Fields fields = request.fields();
  for (const FileField& field : kFiles) fields.push_back({field.name, &(files.*field.file), field.help});
  for (const Field& field : files.fields()) {  // what is said of files, and is none
    if (field.name == "retake" || field.name == "retake_only") fields.push_back(field);
  }
  fields.push_back({kVoices, &files.voices, kVoicesHelp});
  return fields;
}

void check(const FilmJob& job) {
  check(job.request);
  for (const FileField& field : kFiles) {
    const std::string& upload = job.files.*field.file;
    PF_CHECK(upload.empty() || upload == field.name, InvalidRequest, "job", field.name, ": expected '", field.name,
             "' or nothing, got ", in_quotes(upload));
  }
  check_voices(job.files.voices);
  check(job.files, job.request, Naming::fields);
}

FilmJob parse_film_job(const std::string& json) {
  FilmJob job;
  read_json(parse_json(json, "job"), job.fields(), "job");
  check(job);
  return job;
}

}  // namespace phonofilm::pipeline
