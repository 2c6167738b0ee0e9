#include "phonofilm/pipeline/given_files.h"

#include <charconv>
#include <cmath>

#include "phonofilm/base/error.h"
#include "phonofilm/base/untrusted_text.h"

namespace phonofilm::pipeline {
namespace {

constexpr const char* kOperation = "generate";

// Two flags that cannot stand together, and why.
struct Contradiction {
  const std::string GivenFiles::*one;
  const std::string GivenFiles::*other;
  const char *flags, *reason;
};
constexpr Contradiction kContradictions[] = {
    {&GivenFiles::video, &GivenFiles::audio, "--video and --audio", "nothing is left to be made"},
    {&GivenFiles::video, &GivenFiles::image, "--video and --image", "the picture is given twice"},
    {&GivenFiles::video, &GivenFiles::last_image, "--video and --last-image", "the picture is given twice"},
    {&GivenFiles::extend, &GivenFiles::video, "--extend and --video", "the picture is given twice"},
    {&GivenFiles::extend, &GivenFiles::audio, "--extend and --audio", "the sound is given twice"},
    {&GivenFiles::extend, &GivenFiles::image, "--extend and --image", "the beginning is given twice"},
    {&GivenFiles::retake, &GivenFiles::extend, "--retake and --extend", "only one keeps a film's length"},
    {&GivenFiles::retake, &GivenFiles::video, "--retake and --video", "the film comes from --of"},
    {&GivenFiles::retake, &GivenFiles::audio, "--retake and --audio", "the film comes from --of"},
    {&GivenFiles::retake, &GivenFiles::image, "--retake and --image", "the film comes from --of"},
    {&GivenFiles::retake, &GivenFiles::last_image, "--retake and --last-image", "the film comes from --of"}};

void check_retake(const GivenFiles& files, const GenerateRequest& r) {
  if (files.retake.empty()) {
    PF_CHECK(files.of.empty(), InvalidRequest, kOperation, "--of names the film of which --retake A-B is made again");
    PF_CHECK(files.retake_only == "both", InvalidRequest, kOperation, "--retake-only needs --retake A-B --of FILM");
    return;
  }
  PF_CHECK(!files.of.empty(), InvalidRequest, kOperation, "--retake needs the film: add --of FILM");
  PF_CHECK(r.seconds == 0 && r.latent_frames == 0, InvalidRequest, kOperation,
           "--retake keeps the film's length; leave out --seconds and --latent-frames");
  PF_CHECK(r.video || files.retake_only != "picture", InvalidRequest, kOperation,
           "--retake-only picture needs a picture; leave out --no-video");
  PF_CHECK(r.audio || files.retake_only != "sound", InvalidRequest, kOperation,
           "--retake-only sound needs a sound; leave out --no-audio");
  parse_span(files.retake);
}

void check_modalities(const GivenFiles& files, const GenerateRequest& r) {
  for (const auto& [file, flag] : {std::pair{&files.image, "--image"}, std::pair{&files.last_image, "--last-image"},
                                   std::pair{&files.video, "--video"}}) {
    PF_CHECK(file->empty() || r.video, InvalidRequest, kOperation, flag, " needs a picture; leave out --no-video");
  }
  PF_CHECK(files.audio.empty() || r.audio, InvalidRequest, kOperation, "--audio needs a sound; leave out --no-audio");
  PF_CHECK(files.audio.empty() || r.video, InvalidRequest, kOperation,
           "--audio is the film's whole sound: with --no-video nothing is left to be made");
  PF_CHECK(files.video.empty() || r.audio, InvalidRequest, kOperation,
           "--video is the film's whole picture: with --no-audio nothing is left to be made");
}

}  // namespace

Fields GivenFiles::fields() {
  return {{"image", &image, "first picture, any format and size"},
          {"last_image", &last_image, "last picture, likewise"},
          {"audio", &audio, "a sound that the picture follows: any sound file, or a film's sound"},
          {"video", &video, "a film whose picture the sound follows"},
          {"extend", &extend, "a film to go on from; --seconds is what is added"},
          {"retake", &retake, "seconds A-B, as in 1.0-1.6, that are made again; all else is kept"},
          {"of", &of, "the film of --retake"},
          {"retake_only", &retake_only, "what of that moment is made again", {}, {}, {"both", "picture", "sound"}}};
}

void check(const GivenFiles& files, const GenerateRequest& request) {
  for (const Contradiction& rule : kContradictions) {
    PF_CHECK((files.*rule.one).empty() || (files.*rule.other).empty(), InvalidRequest, kOperation, rule.flags,
             " cannot stand together: ", rule.reason, "; leave out one of them");
  }
  check_retake(files, request);
  check_modalities(files, request);
  const bool sets_length = !files.audio.empty() || !files.video.empty() || !files.extend.empty();
  PF_CHECK(request.latent_frames == 0 || !sets_length, InvalidRequest, kOperation,
           "--latent-frames cannot stand beside --audio, --video and --extend; give --seconds");
}

families::TimeSpan parse_span(const std::string& text) {
  families::TimeSpan span;
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, span.first);
  const bool dash = first.ec == std::errc() && first.ptr != end && *first.ptr == '-';
  const auto last = dash ? std::from_chars(first.ptr + 1, end, span.last) : first;
  const bool read = dash && last.ec == std::errc() && last.ptr == end;
  const bool whole = read && std::isfinite(span.first) && std::isfinite(span.last);
  PF_CHECK(whole && span.first >= 0, InvalidRequest, kOperation, "--retake: expected seconds A-B, as in 1.0-1.6, got ",
           in_quotes(text));
  PF_CHECK(span.last > span.first, InvalidRequest, kOperation, "--retake: the moment ", in_quotes(text), " ends ",
           span.last < span.first ? "before it begins" : "where it begins", "; give the earlier time first");
  return span;
}

}  // namespace phonofilm::pipeline
