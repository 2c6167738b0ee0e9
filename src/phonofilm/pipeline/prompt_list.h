// Lists of films to make: Ovi's own CSV or TSV (columns text_prompt and, for a first frame, image_path), JSON lines,
// NAVA's among them (prompt or text, image_path, and for reference voices spk_wavs, a list in which "None" stands for
// no voice), or the lists of Seed-TTS-eval (seed_tts_list.h). In the first two, further columns or keys are settings of
// the request by their names (seed, seconds, negative_prompt, ...) and what else a film is given: audio_path,
// video_path, last_image_path, extend_path, and of a moment that is made again of_path, retake, retake_only
// (given_files.h).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "phonofilm/pipeline/given_files.h"

namespace phonofilm::pipeline {

struct PromptRow {
  std::int64_t line = 0;    // in the list, from 1
  GenerateRequest request;  // the defaults with what the row says
  GivenFiles files{};       // paths are relative to the list's folder where they are not absolute
  std::string name{};         // of the film's file, without ending, where the list says so; or empty
  std::string problem{};      // why this row cannot be used; empty: nothing is known against it
};

// Seconds that a sound file lasts. Throws what the reader of such files throws. This library has none of its own.
using SoundSeconds = std::function<double(const std::string& path)>;

// The format goes by the ending: .csv, .tsv, .jsonl, or .lst for Seed-TTS-eval, which alone needs `sound_seconds`.
// Throws InvalidRequest for another ending, a list without prompts or a CSV file that cannot be split into cells; what
// is wrong with a single row stands in its `problem`, so that it does not stop the others.
std::vector<PromptRow> read_prompt_list(const std::string& path, const GenerateRequest& defaults,
                                        const SoundSeconds& sound_seconds = {});

// A path in a list: relative to the list's folder where it is not absolute; "" stays "".
std::string beside(const std::string& list, const std::string& path);

// A file name for a film: its place in the list and the first words of its prompt, "003_a_red_ball_falls".
std::string film_name(std::size_t index, const std::string& prompt);

}  // namespace phonofilm::pipeline
