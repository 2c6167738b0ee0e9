// Lists of films to make: Ovi's own CSV or TSV (columns text_prompt and, for a first frame, image_path), or JSON lines, NAVA's
// among them (prompt or text, image_path, and for reference voices spk_wavs, a list in which "None" stands for no voice).
// Further columns or keys are settings of the request by their names: seed, seconds, negative_prompt, ...
#pragma once

#include <string>
#include <vector>

#include "phonofilm/pipeline/request.h"

namespace phonofilm::pipeline {

struct PromptRow {
  std::int64_t line = 0;    // in the list, from 1
  GenerateRequest request;  // the defaults with what the row says
  std::string image;        // path of a first frame, relative to the list's folder where it is not absolute; or empty
  std::vector<std::string> voices{};  // paths of reference voices, likewise; empty where a spoken line has none
  std::string problem{};      // why this row cannot be used; empty: nothing is known against it
};

// The format goes by the ending: .csv, .tsv or .jsonl.
// Throws InvalidRequest for another ending, a list without prompts or a CSV file that cannot be split into cells; what is
// wrong with a single row stands in its `problem`, so that it does not stop the others.
std::vector<PromptRow> read_prompt_list(const std::string& path, const GenerateRequest& defaults);

// A file name for a film: its place in the list and the first words of its prompt, "003_a_red_ball_falls".
std::string film_name(std::size_t index, const std::string& prompt);

}  // namespace phonofilm::pipeline
