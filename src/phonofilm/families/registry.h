// All model families, as a visible list in all.cpp: one line each.
#pragma once

#include <functional>
#include <optional>

#include "phonofilm/families/folder_report.h"
#include "phonofilm/families/generator.h"
#include "phonofilm/families/lora_file.h"
#include "phonofilm/families/text_tools.h"
#include "phonofilm/nn/memory_plan.h"

namespace phonofilm::families {

struct LoadOptions {
  at::ScalarType dtype = at::kFloat;  // of matrix products
  std::string variant{};              // where a folder holds several models; empty: the first that is there
  OpenTokenizerFn open_tokenizer{};  // undefined in programs without the text library
  FormatPromptFn format_prompt{};    // likewise
  std::vector<LoraFile> loras{};  // of its transformer
  // For large models: what the matrices of their transformers are kept as, and where weights lie while they compute.
  nn::LinearStorage storage = nn::LinearStorage::as_others;
  nn::MemoryMode memory = nn::MemoryMode::automatic;
};

struct Family {
  std::string name;
  // Whether a folder holds a model of this family, judged by file names and headers only.
  std::function<bool(const std::string& folder)> detect;
  // Throws CheckpointError for missing, damaged or ill-fitting files.
  std::function<std::unique_ptr<Generator>(const std::string& folder, const LoadOptions& options)> load;
  // Says what a folder holds and lacks, by headers only; none for a folder of something else. Incomplete and damaged folders,
  // which detect() does not know, are described too.
  std::function<std::optional<FolderReport>(const std::string& folder)> inspect;
};

const std::vector<Family>& all_families();

// The report of the first family that knows `folder`, or none.
std::optional<FolderReport> inspect_folder(const std::string& folder);

// Finds the family of `folder` and loads the model. Throws CheckpointError if no family recognises it.
std::unique_ptr<Generator> load_generator(const std::string& folder, const LoadOptions& options);
inline std::unique_ptr<Generator> load_generator(const std::string& folder, at::ScalarType dtype) {
  LoadOptions options;
  options.dtype = dtype;
  return load_generator(folder, options);
}

}  // namespace phonofilm::families
