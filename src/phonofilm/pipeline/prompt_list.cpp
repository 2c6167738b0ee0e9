#include "phonofilm/pipeline/prompt_list.h"

#include <cctype>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "phonofilm/base/csv.h"
#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/pipeline/seed_tts_list.h"

namespace phonofilm::pipeline {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// The publishers' names beside ours.
std::string own_name(const std::string& key) {
  if (key == "text_prompt" || key == "text") return "prompt";
  if (key == "spk_wavs") return "voices";
  if (key == "image_path") return "image";
  return key;
}

// "None" is how NAVA's lists write a spoken line without a voice.
std::vector<std::string> take_voices(const std::string& list, json& settings) {
  std::vector<std::string> voices;
  const json given = settings.value("voices", json::array());
  PF_CHECK(given.is_array(), InvalidRequest, "batch", "voices (spk_wavs) must be a list of paths");
  for (const json& voice : given) {
    PF_CHECK(voice.is_string() || voice.is_null(), InvalidRequest, "batch",
             "voices (spk_wavs) must be a list of paths");
    const std::string path = voice.is_null() ? "None" : voice.get<std::string>();
    voices.push_back(path == "None" || path == "none" ? "" : beside(list, path));
  }
  settings.erase("voices");
  return voices;
}

// Settings of the request have names of their own, as the switch "audio": files are named by their path.
GivenFiles take_files(const std::string& list, json& settings) {
  GivenFiles files;
  for (const Field& field : files.fields()) {
    const bool text = field.name.starts_with("retake");
    const std::string key = text || field.name == "image" ? field.name : field.name + "_path";
    if (!settings.contains(key)) continue;
    PF_CHECK(settings[key].is_string(), InvalidRequest, "batch", key, " must be ", text ? "a text" : "a path");
    const std::string value = settings[key].get<std::string>();
    *std::get<std::string*>(field.target) = text ? value : beside(list, value);
    settings.erase(key);
  }
  files.voices = take_voices(list, settings);
  check_fields(files.fields(), "batch");
  return files;
}

// The row that `settings`, an object with our names, describes.
PromptRow read_row(const std::string& list, std::int64_t line, json settings, const GenerateRequest& defaults) {
  PromptRow row{.line = line, .request = defaults};
  try {
    PF_CHECK(settings.is_object(), InvalidRequest, "batch", "expected a JSON object with a prompt, got ",
             excerpt(settings.dump()));
    row.files = take_files(list, settings);
    // A row's own unit of length goes before the other unit that all rows were given.
    if (settings.contains("latent_frames") && !settings.contains("seconds")) row.request.seconds = 0;
    if (settings.contains("seconds") && !settings.contains("latent_frames")) row.request.latent_frames = 0;
    read_json(settings, row.request.fields(), concat(list, ":", line));
    check(row.request);
    check(row.files, row.request);
  } catch (const InvalidRequest& error) {
    row.problem = error.what();
  }
  return row;
}

// Cells are text; what a field needs is found out by reading it as JSON first: 3 and true are not strings.
json cell_value(const std::string& name, const std::string& cell) {
  const bool text = name == "prompt" || name == "image" || name.starts_with("negative") || name.starts_with("retake");
  if (text || name.ends_with("_path")) return cell;
  if (cell == "true" || cell == "false") return cell == "true";
  const bool maybe_number = cell.find_first_not_of("0123456789+-.eE") == std::string::npos;
  const json value = maybe_number ? json::parse(cell, nullptr, /*allow_exceptions=*/false) : json(cell);
  return value.is_number() ? value : json(cell);
}

std::vector<PromptRow> read_table(const std::string& path, char separator, const GenerateRequest& defaults) {
  const std::vector<CsvRow> table = parse_csv(read_file(path), separator);
  PF_CHECK(!table.empty(), InvalidRequest, "batch", path, ": the list is empty");
  std::vector<std::string> names;
  for (const std::string& name : table[0].cells) names.push_back(own_name(name));
  PF_CHECK(std::find(names.begin(), names.end(), "prompt") != names.end(), InvalidRequest, "batch", path,
           ": the first line must name the columns, text_prompt among them; it names ",
           excerpt(join(table[0].cells, ", ")));
  std::vector<PromptRow> rows;
  for (size_t i = 1; i < table.size(); ++i) {
    const CsvRow& cells = table[i];
    json settings = json::object();
    for (size_t c = 0; c < std::min(names.size(), cells.cells.size()); ++c) {
      if (!cells.cells[c].empty()) settings[names[c]] = cell_value(names[c], cells.cells[c]);
    }
    rows.push_back(read_row(path, cells.line, settings, defaults));
    if (cells.cells.size() > names.size()) {
      rows.back().problem = concat(path, ":", cells.line, ": ", cells.cells.size(), " cells for ", names.size(),
                                   " columns; a prompt with commas needs quotes around it");
    }
  }
  return rows;
}

// The object that a line holds, with our names.
json settings_of_line(const std::string& line, const std::string& where) {
  const json parsed = parse_json(line, where);
  if (!parsed.is_object()) return parsed;
  json settings = json::object();
  for (const auto& [key, value] : parsed.items()) {
    if (value.is_null()) continue;  // publishers' lists spell "none" so
    PF_CHECK(!settings.contains(own_name(key)), InvalidRequest, "batch", where, ": names ", in_quotes(own_name(key)),
             " twice");
    settings[own_name(key)] = value;
  }
  return settings;
}

std::vector<PromptRow> read_lines(const std::string& path, const GenerateRequest& defaults) {
  std::vector<PromptRow> rows;
  std::int64_t number = 0;
  for (const std::string& line : split(read_file(path), '\n')) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    try {
      rows.push_back(read_row(path, number, settings_of_line(line, concat(path, ":", number)), defaults));
    } catch (const InvalidRequest& error) {
      rows.push_back({.line = number, .request = defaults, .problem = error.what()});
    }
  }
  return rows;
}

}  // namespace

std::string beside(const std::string& list, const std::string& path) {
  if (path.empty() || fs::path(path).is_absolute()) return path;
  return (fs::path(list).parent_path() / path).string();
}

std::vector<PromptRow> read_prompt_list(const std::string& path, const GenerateRequest& defaults,
                                        const SoundSeconds& sound_seconds) {
  const std::string ending = to_lower(fs::path(path).extension().string());
  const std::vector<std::string> known{".csv", ".tsv", ".jsonl", ".lst"};
  PF_CHECK(std::find(known.begin(), known.end(), ending) != known.end(), InvalidRequest, "batch", path,
           ": lists end in ", join(known, ", "), did_you_mean(ending, known));
  PF_CHECK(is_file(path), InvalidRequest, "batch", path, ": no such file");
  std::vector<PromptRow> rows = ending == ".jsonl" ? read_lines(path, defaults)
                                : ending == ".lst" ? read_seed_tts_list(path, defaults, sound_seconds)
                                                   : read_table(path, ending == ".tsv" ? '\t' : ',', defaults);
  PF_CHECK(!rows.empty(), InvalidRequest, "batch", path, ": the list holds no prompts");
  return rows;
}

std::string film_name(std::size_t index, const std::string& prompt) {
  constexpr std::size_t kLongest = 40, kLongestBytes = 120;  // file systems allow 255
  const auto goes_on = [](unsigned char byte) { return (byte & 0xC0) == 0x80; };  // within a letter of UTF-8
  const bool readable = is_utf8(prompt);
  std::string words;
  std::size_t letters = 0;
  for (const char letter : prompt) {
    const auto byte = static_cast<unsigned char>(letter);
    if (!goes_on(byte) && (letters++ >= kLongest || words.size() >= kLongestBytes)) break;
    if (byte >= 0x80) {
      if (readable) words += letter;
    } else if (std::isalnum(byte)) {
      words += char(std::tolower(static_cast<unsigned char>(letter)));
    } else if (!words.empty() && words.back() != '_') {
      words += '_';
    }
  }
  const std::string number = std::to_string(index + 1);
  return std::string(number.size() < 3 ? 3 - number.size() : 0, '0') + number + "_" + words;
}

}  // namespace phonofilm::pipeline
