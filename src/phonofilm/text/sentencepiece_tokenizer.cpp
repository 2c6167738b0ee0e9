#include "phonofilm/text/sentencepiece_tokenizer.h"

#include <sentencepiece_processor.h>

#include <algorithm>
#include <filesystem>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/text/clean.h"
#include "phonofilm/text/spiece_model.h"

namespace phonofilm::text {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kSentinels = 300;            // google/umt5-xxl/tokenizer_config.json, extra_ids
constexpr std::uintmax_t kLargestFile = 256 << 20;  // UMT5's has 4.5 MB
constexpr std::string_view kEnd = "</s>";

std::string read_model_file(const std::string& path) {
  std::error_code failed;
  PF_CHECK(is_file(path), CheckpointError, "load", path, ": the tokenizer's vocabulary is ",
           fs::exists(path, failed) ? "not a file" : "missing",
           "; expected the file spiece.model of the published model (google/umt5-xxl)");
  const std::uintmax_t size = fs::file_size(path, failed);
  PF_CHECK(!failed && size <= kLargestFile, CheckpointError, "load", path, ": ", human_bytes(double(size)),
           " are too many for a SentencePiece model; expected the file spiece.model of the published model");
  try {
    return read_file(path);
  } catch (const Error& error) {
    throw CheckpointError("load", concat(path, ": the tokenizer's vocabulary cannot be read: ", error.what()));
  }
}

std::map<std::string, std::int64_t, std::less<>> special_tokens(const std::vector<Piece>& pieces) {
  std::map<std::string, std::int64_t, std::less<>> tokens;
  const auto count = std::int64_t(pieces.size());
  for (std::int64_t i = 0; i < kSentinels; ++i) tokens[concat("<extra_id_", i, ">")] = count + kSentinels - 1 - i;
  for (std::int64_t id = 0; id < count; ++id) {
    const Piece& piece = pieces[size_t(id)];
    const bool special = piece.type == PieceType::control || piece.type == PieceType::unknown;
    if (special) tokens[std::string(piece.text)] = id;
  }
  return tokens;
}

// "<...>" at the head of `text`, up to the first '>'; empty where it is none.
std::string_view bracketed(std::string_view text) {
  const size_t end = text.find('>');
  return text.starts_with('<') && end != text.npos ? text.substr(0, end + 1) : std::string_view();
}

}  // namespace

SentencePieceTokenizer::SentencePieceTokenizer(const std::string& path)
    : model_(std::make_unique<sentencepiece::SentencePieceProcessor>()) {
  const std::string bytes = read_model_file(path);
  special_ = special_tokens(read_spiece_model(path, bytes).pieces);
  const auto status = model_->LoadFromSerializedProto(bytes);
  PF_CHECK(status.ok(), CheckpointError, "load", path, ": SentencePiece refuses it: ", status.message(),
           "; fetch this file again from where the model was published");
}

SentencePieceTokenizer::~SentencePieceTokenizer() = default;
SentencePieceTokenizer::SentencePieceTokenizer(SentencePieceTokenizer&&) noexcept = default;
SentencePieceTokenizer& SentencePieceTokenizer::operator=(SentencePieceTokenizer&&) noexcept = default;

std::int64_t SentencePieceTokenizer::piece_count() const { return model_->GetPieceSize(); }

void SentencePieceTokenizer::append_text(std::string_view part, std::vector<std::int64_t>& ids) const {
  std::vector<int> pieces;
  const auto status = model_->Encode(part, &pieces);
  PF_CHECK(status.ok(), Error, "tokenize", "SentencePiece: ", status.message());
  ids.insert(ids.end(), pieces.begin(), pieces.end());
}

Tokens SentencePieceTokenizer::encode(std::string_view prompt, std::int64_t max_length) const {
  PF_CHECK(max_length >= 1, InvalidRequest, "tokenize", "expected room for at least 1 token, got ", max_length);
  const std::string clean = clean_prompt(prompt);
  Tokens tokens;
  std::string_view rest = clean;
  for (size_t at = rest.find('<'); at != rest.npos; at = rest.find('<', at)) {
    const std::string_view name = bracketed(rest.substr(at));
    const auto special = special_.find(name);
    if (special == special_.end()) {
      ++at;
      continue;
    }
    append_text(rest.substr(0, at), tokens.ids);
    tokens.ids.push_back(special->second);
    rest.remove_prefix(at + name.size());
    at = 0;
  }
  append_text(rest, tokens.ids);
  tokens.cut = std::max<std::int64_t>(std::int64_t(tokens.ids.size()) + 1 - max_length, 0);
  tokens.ids.resize(tokens.ids.size() - size_t(tokens.cut));
  tokens.ids.push_back(special_.find(kEnd)->second);
  return tokens;
}

}  // namespace phonofilm::text
