#include "phonofilm/pipeline/given_files.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "phonofilm/base/error.h"
#include "phonofilm/base/untrusted_text.h"

namespace phonofilm::pipeline {
namespace {

constexpr const char* kOperation = "generate";

// Two things that cannot stand together, and why.
struct Contradiction {
  const std::string GivenFiles::*one;
  const std::string GivenFiles::*other;
  const char *first, *second, *reason;
};
constexpr const char *kNothing = "nothing is left to be made", *kPicture = "the picture is given twice",
                     *kSound = "the sound is given twice", *kBeginning = "the beginning is given twice",
                     *kLength = "only one keeps a film's length", *kOther = "the film is the one that is made again";
constexpr Contradiction kContradictions[] = {
    {&GivenFiles::video, &GivenFiles::audio, "video", "audio", kNothing},
    {&GivenFiles::video, &GivenFiles::image, "video", "image", kPicture},
    {&GivenFiles::video, &GivenFiles::last_image, "video", "last_image", kPicture},
    {&GivenFiles::extend, &GivenFiles::video, "extend", "video", kPicture},
    {&GivenFiles::extend, &GivenFiles::audio, "extend", "audio", kSound},
    {&GivenFiles::extend, &GivenFiles::image, "extend", "image", kBeginning},
    {&GivenFiles::retake, &GivenFiles::extend, "retake", "extend", kLength},
    {&GivenFiles::retake, &GivenFiles::video, "retake", "video", kOther},
    {&GivenFiles::retake, &GivenFiles::audio, "retake", "audio", kOther},
    {&GivenFiles::retake, &GivenFiles::image, "retake", "image", kOther},
    {&GivenFiles::retake, &GivenFiles::last_image, "retake", "last_image", kOther}};

void check_retake(const GivenFiles& files, const GenerateRequest& r, Naming naming) {
  const auto word = [&](const char* field) { return word_of(naming, field); };
  if (files.retake.empty()) {
    PF_CHECK(files.of.empty(), InvalidRequest, kOperation, word("of"), " names the film of which ", word("retake"),
             " A-B is made again");
    PF_CHECK(files.retake_only == "both", InvalidRequest, kOperation, word("retake_only"), " needs ", word("retake"),
             " A-B and ", word("of"), " FILM");
    return;
  }
  PF_CHECK(!files.of.empty(), InvalidRequest, kOperation, word("retake"), " needs the film: add ", word("of"), " FILM");
  PF_CHECK(r.seconds == 0 && r.latent_frames == 0, InvalidRequest, kOperation, word("retake"),
           " keeps the film's length; leave out ", word("seconds"), " and ", word("latent_frames"));
  PF_CHECK(r.video || files.retake_only != "picture", InvalidRequest, kOperation, word("retake_only"),
           " picture needs a picture; leave out ", word_without(naming, "video"));
  PF_CHECK(r.audio || files.retake_only != "sound", InvalidRequest, kOperation, word("retake_only"),
           " sound needs a sound; leave out ", word_without(naming, "audio"));
  parse_span(files.retake, naming);
}

void check_modalities(const GivenFiles& files, const GenerateRequest& r, Naming naming) {
  const std::string blind = word_without(naming, "video"), silent = word_without(naming, "audio");
  const std::string audio = word_of(naming, "audio"), video = word_of(naming, "video");
  for (const auto& [file, field] : {std::pair{&files.image, "image"}, std::pair{&files.last_image, "last_image"},
                                    std::pair{&files.video, "video"}}) {
    PF_CHECK(file->empty() || r.video, InvalidRequest, kOperation, word_of(naming, field),
             " needs a picture; leave out ", blind);
  }
  PF_CHECK(files.audio.empty() || r.audio, InvalidRequest, kOperation, audio, " needs a sound; leave out ", silent);
  PF_CHECK(files.audio.empty() || r.video, InvalidRequest, kOperation, audio, " is the film's whole sound: with ",
           blind, " nothing is left to be made");
  PF_CHECK(files.video.empty() || r.audio, InvalidRequest, kOperation, video, " is the film's whole picture: with ",
           silent, " nothing is left to be made");
}

}  // namespace

std::string word_of(Naming naming, const std::string& field) {
  if (naming == Naming::fields) {
    if (field == "voice") return "voices";
    return field == "audio" || field == "video" ? field + "_file" : field;
  }
  std::string flag = "--" + field;
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

std::string word_without(Naming naming, const std::string& modality) {
  return naming == Naming::flags ? "--no-" + modality : modality + ": false";
}

Fields GivenFiles::fields() {
  return {{"image", &image, "first picture, of any size"},
          {"last_image", &last_image, "last picture, likewise"},
          {"audio", &audio, "a sound that the picture follows: any sound file, or a film's sound"},
          {"video", &video, "a film whose picture the sound follows"},
          {"extend", &extend, "a film to go on from; the seconds asked for are added"},
          {"retake", &retake, "seconds A-B, as in 1.0-1.6, that are made again; all else is kept"},
          {"of", &of, "the film whose moment is made again"},
          {"retake_only", &retake_only, "what of that moment is made again", {}, {}, {"both", "picture", "sound"}}};
}

void check(const GivenFiles& files, const GenerateRequest& request, Naming naming) {
  const auto word = [&](const char* field) { return word_of(naming, field); };
  for (const Contradiction& rule : kContradictions) {
    PF_CHECK((files.*rule.one).empty() || (files.*rule.other).empty(), InvalidRequest, kOperation, word(rule.first),
             " and ", word(rule.second), " cannot stand together: ", rule.reason, "; leave out one of them");
  }
  check_retake(files, request, naming);
  check_modalities(files, request, naming);
  const bool sets_length = !files.audio.empty() || !files.video.empty() || !files.extend.empty();
  PF_CHECK(request.latent_frames == 0 || !sets_length, InvalidRequest, kOperation, word("latent_frames"),
           " cannot stand beside ", word("audio"), ", ", word("video"), " and ", word("extend"), "; give ",
           word("seconds"));
}

families::TimeSpan parse_span(const std::string& text, Naming naming) {
  const std::string retake = word_of(naming, "retake");
  families::TimeSpan span;
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, span.first);
  const bool dash = first.ec == std::errc() && first.ptr != end && *first.ptr == '-';
  const auto last = dash ? std::from_chars(first.ptr + 1, end, span.last) : first;
  const bool read = dash && last.ec == std::errc() && last.ptr == end;
  const bool whole = read && std::isfinite(span.first) && std::isfinite(span.last);
  PF_CHECK(whole && span.first >= 0, InvalidRequest, kOperation, retake, ": expected seconds A-B, as in 1.0-1.6, got ",
           in_quotes(text));
  PF_CHECK(span.last > span.first, InvalidRequest, kOperation, retake, ": the moment ", in_quotes(text), " ends ",
           span.last < span.first ? "before it begins" : "where it begins", "; give the earlier time first");
  return span;
}

}  // namespace phonofilm::pipeline
