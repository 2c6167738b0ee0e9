#include "phonofilm/pipeline/seed_tts_list.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/prompt_marks.h"
#include "phonofilm/base/text.h"
#include "phonofilm/base/untrusted_text.h"

namespace phonofilm::pipeline {
namespace {

constexpr double kTokensPerSecond = 25;                // of NAVA's sound
constexpr double kTextGuidance = 2, kTimbreGuidance = 3;

GenerateRequest with_publishers_settings(GenerateRequest r) {
  r.video = false;
  const bool align_given = r.align_guidance >= 0 || r.video_align_guidance >= 0 || r.audio_align_guidance >= 0;
  if (!align_given) r.align_guidance = 0;
  if (r.text_guidance < 0 && r.audio_guidance < 0) r.audio_guidance = kTextGuidance;
  if (r.timbre_guidance < 0) r.timbre_guidance = kTimbreGuidance;
  return r;
}

// Of text that is UTF-8.
std::int64_t letters_in(const std::string& text) {
  return std::count_if(text.begin(), text.end(), [](unsigned char byte) { return (byte & 0xC0) != 0x80; });
}

// Fit for a file of any system; the lists' own names pass unchanged.
std::string file_name(const std::string& name) {
  constexpr std::size_t kLongest = 120;
  std::string result = name.substr(0, kLongest);
  for (char& letter : result) {
    const bool plain =
        std::isalnum(static_cast<unsigned char>(letter)) || letter == '-' || letter == '_' || letter == '.';
    if (!plain) letter = '_';
  }
  if (result.starts_with('.')) result[0] = '_';
  return result;
}

double seconds_of_reference(const std::string& path, const SoundSeconds& sound_seconds) {
  try {
    const double seconds = sound_seconds(path);
    PF_CHECK(seconds > 0, InvalidRequest, "batch", path, ": does not say how long it is");
    return seconds;
  } catch (const Error& error) {
    throw InvalidRequest(
        "batch",
        concat("the length of the reference voice is not known, and the film's follows from it: ", error.what()));
  }
}

double seconds_to_speak(const std::string& text, const std::string& spoken, double reference_seconds) {
  const std::int64_t tokens = seed_tts_tokens(letters_in(text), letters_in(spoken), reference_seconds);
  PF_CHECK(tokens > 0, InvalidRequest, "batch", in_quotes(text),
           ": is too short beside what the reference says to last a token");
  return double(tokens) / kTokensPerSecond;
}

// parts: name, what the reference says, its file, what is to be said.
void fill(PromptRow& row, const std::string& list, const std::vector<std::string>& parts,
          const SoundSeconds& sound_seconds) {
  PF_CHECK(parts.size() == 4, InvalidRequest, "batch", "expected name|reference text|reference file|text, got ",
           parts.size(), " parts between |");
  for (const std::string& part : parts) {
    PF_CHECK(!part.empty(), InvalidRequest, "batch",
             "expected name|reference text|reference file|text, one of them is empty");
    PF_CHECK(is_utf8(part), InvalidRequest, "batch", "is not UTF-8 text: ", in_quotes(part));
  }
  row.name = file_name(parts[0]);
  row.files.voices = {beside(list, parts[2])};
  row.request.prompt = concat(kSpeechMarks.open, parts[3], kSpeechMarks.close);
  const bool length_given = row.request.seconds > 0 || row.request.latent_frames > 0;
  if (!length_given) {
    const double reference = seconds_of_reference(row.files.voices[0], sound_seconds);
    row.request.seconds = seconds_to_speak(parts[3], parts[1], reference);
  }
  check(row.request);
}

}  // namespace

std::int64_t seed_tts_tokens(std::int64_t wanted, std::int64_t spoken, double reference_seconds) {
  constexpr double kRounding = 1e-6;  // of a product that is meant to be whole
  const double reference = std::ceil(reference_seconds * kTokensPerSecond - kRounding);
  return spoken == 0 ? 0 : std::int64_t(double(wanted) / double(spoken) * reference);
}

std::vector<PromptRow> read_seed_tts_list(const std::string& path, const GenerateRequest& defaults,
                                          const SoundSeconds& sound_seconds) {
  PF_CHECK(sound_seconds, InvalidRequest, "batch", path, ": this program cannot tell how long sound files are");
  const GenerateRequest settings = with_publishers_settings(defaults);
  std::vector<PromptRow> rows;
  std::set<std::string> names;
  std::int64_t number = 0;
  for (std::string line : split(read_file(path), '\n')) {
    ++number;
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty()) continue;
    PromptRow& row = rows.emplace_back(PromptRow{.line = number, .request = settings});
    try {
      fill(row, path, split(line, '|'), sound_seconds);
      PF_CHECK(names.insert(row.name).second, InvalidRequest, "batch", "the name ", in_quotes(row.name),
               " stands twice");
    } catch (const InvalidRequest& error) {
      row.problem = error.what();
    }
  }
  return rows;
}

}  // namespace phonofilm::pipeline
