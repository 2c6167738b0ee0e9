#include "phonofilm/train/nava_list.h"

#include <cmath>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/prompt_marks.h"
#include "phonofilm/base/untrusted_text.h"

namespace phonofilm::train {
namespace {

using nlohmann::json;

constexpr double kLongest = 1e6;  // seconds that a list may speak of

// A line that is no sample; caught where lines are read.
struct Refused {
  std::string reason;
};

void require(bool condition, const char* reason) {
  if (!condition) throw Refused{reason};
}

// Valid unless it says otherwise, as a truth value or a number.
bool is_valid(const json& entry) {
  const auto found = entry.find("is_valid");
  if (found == entry.end() || found->is_null()) return true;
  return found->is_boolean() ? found->get<bool>() : found->is_number() && found->get<double>() != 0;
}

// The first valid object of the list under `key`, or null.
json first_valid(const json& line, const char* key, const std::string& type = "") {
  const auto list = line.find(key);
  if (list == line.end() || list->is_null()) return nullptr;
  require(list->is_array(), "the line is not in NAVA's layout");
  for (const json& entry : *list) {
    require(entry.is_object(), "the line is not in NAVA's layout");
    const bool of_type = type.empty() || !entry.contains("text_type") || entry["text_type"] == type;
    if (of_type && is_valid(entry)) return entry;
  }
  return nullptr;
}

std::string text_of(const json& entry, const char* key) {
  const auto found = entry.find(key);
  if (found == entry.end() || found->is_null()) return "";
  require(found->is_string(), "the line is not in NAVA's layout");
  return found->get<std::string>();
}

double number_of(const json& entry, const char* key) {
  const auto found = entry.find(key);
  if (found == entry.end() || found->is_null()) return 0;
  require(found->is_number(), "the line is not in NAVA's layout");
  const double value = found->get<double>();
  require(value >= 0 && value <= kLongest, "its length or rate is impossible");
  return value;
}

std::vector<double> times_of(const json& entry, const char* key) {
  const auto found = entry.find(key);
  if (found == entry.end() || found->is_null()) return {};
  require(found->is_array(), "the line is not in NAVA's layout");
  std::vector<double> times;
  for (const json& time : *found) {
    require(time.is_number(), "the line is not in NAVA's layout");
    times.push_back(time.get<double>());
  }
  return times;
}

std::int64_t count_of(const std::string& text, std::string_view mark) {
  std::int64_t count = 0;
  for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + mark.size())) ++count;
  return count;
}

std::vector<SpokenSpan> spans_of(const json& text, const std::string& caption) {
  const std::vector<double> begins = times_of(text, "speech_start"), ends = times_of(text, "speech_end");
  const auto lines = size_t(count_of(caption, kSpeechMarks.open));
  require(begins.size() == lines && ends.size() == lines && size_t(count_of(caption, kSpeechMarks.close)) == lines,
          "the caption's marks and its times of speech differ in number");
  std::vector<SpokenSpan> spans;
  for (size_t i = 0; i < lines; ++i) {
    require(begins[i] >= 0 && ends[i] > begins[i] && ends[i] <= kLongest, "a spoken line ends before it begins");
    spans.push_back({begins[i], ends[i]});
  }
  try {
    check_marks(caption, kSpeechMarks);
  } catch (const InvalidRequest&) {
    throw Refused{"the caption's marks do not pair up"};
  }
  return spans;
}

NavaEntry entry_of(const json& line, const NavaSource& source, const std::filesystem::path& folder) {
  require(line.is_object(), "the line is not in NAVA's layout");
  json clip = source.modality() == NavaModality::text_to_audio ? first_valid(line, "audio_splits_info") : json();
  if (clip.is_null()) clip = first_valid(line, "video_info");
  const json text = first_valid(line, "text_list", "caption");
  require(clip.is_object(), "it names no valid clip");
  require(text.is_object(), "it has no valid caption");
  NavaEntry entry;
  const std::string own = text_of(clip, "data_path"), path = own.empty() ? text_of(clip, "bos_url") : own;
  require(!path.empty(), "it names no valid clip");
  entry.path = (folder / path).string();
  entry.caption = text_of(text, "text");
  require(!entry.caption.empty(), "it has no valid caption");
  entry.seconds = number_of(clip, "duration");
  entry.fps = number_of(clip, "fps");
  if (!source.is_speech()) {
    entry.spans = spans_of(text, entry.caption);
    return entry;
  }
  require(count_of(entry.caption, kSpeechMarks.open) + count_of(entry.caption, kSpeechMarks.close) == 0,
          "a set of spoken lines has marks in its text");
  entry.caption = concat(kSpeechMarks.open, entry.caption, kSpeechMarks.close);
  entry.spans = {{0, std::numeric_limits<double>::infinity()}};
  return entry;
}

json parsed(const std::string& line, const std::string& where) {
  require(is_utf8(line), "the line is no JSON");
  try {
    return parse_json(line, where);
  } catch (const InvalidRequest&) {
    throw Refused{"the line is no JSON"};
  }
}

}  // namespace

void Dropped::add(const std::string& reason, const std::string& where) {
  Reason& known = reasons_[reason];
  if (known.count++ == 0) known.first = where;
}

void Dropped::add_voiceless(std::int64_t lines, const std::string& where) {
  if (voiceless_.count == 0) voiceless_.first = where;
  voiceless_.count += lines;
}

std::int64_t Dropped::total() const {
  std::int64_t total = 0;
  for (const auto& [reason, known] : reasons_) total += known.count;
  return total;
}

std::vector<std::string> Dropped::notices() const {
  std::vector<std::string> lines;
  for (const auto& [reason, known] : reasons_) {
    lines.push_back(concat(known.count, known.count == 1 ? " clip" : " clips", " left out: ", reason, " (first: ",
                           printable(known.first), ")"));
  }
  if (voiceless_.count == 0) return lines;
  lines.push_back(concat(voiceless_.count, voiceless_.count == 1 ? " spoken line goes" : " spoken lines go",
                         " with the null voice: too short, or beyond the sound (first: ", printable(voiceless_.first),
                         ")"));
  return lines;
}

std::vector<NavaEntry> read_nava_list(const NavaSource& source, Dropped& dropped) {
  PF_CHECK(is_file(source.data), InvalidRequest, "train", source.data,
           ": no such file; \"sources\" of the recipe names it");
  const std::filesystem::path folder = std::filesystem::path(source.data).parent_path();
  std::vector<NavaEntry> entries;
  std::int64_t number = 0;
  for (const std::string& line : split(read_file(source.data), '\n')) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const std::string where = concat(source.data, ":", number);
    try {
      entries.push_back(entry_of(parsed(line, where), source, folder));
    } catch (const Refused& refused) {
      dropped.add(refused.reason, where);
    }
  }
  return entries;
}

}  // namespace phonofilm::train
