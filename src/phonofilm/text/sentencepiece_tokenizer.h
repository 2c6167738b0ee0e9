// From a prompt to the token ids that UMT5 was trained with, as HuggingFace's tokenizer gives them to Wan and Ovi.
//
//   const SentencePieceTokenizer tokenizer("Wan2.2-TI2V-5B/google/umt5-xxl/spiece.model");
//   const Tokens tokens = tokenizer.encode("<S>Hello!<E>");   // ids end in </s>
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sentencepiece {
class SentencePieceProcessor;
}

namespace phonofilm::text {

struct Tokens {
  std::vector<std::int64_t> ids;  // the last one is </s>
  std::int64_t cut = 0;           // how many there would have been beyond max_length; the end of the text is lost
};

// A text is cleaned (clean.h), special tokens are found in it, and what lies between them is normalised and cut by the
// unigram model (SentencePiece, https://arxiv.org/abs/1808.06226), each part as if it were a text of its own. </s> is
// appended; nothing is put in front, and nothing is padded.
//
// Special tokens are the control pieces and the unknown piece of the model (in UMT5 <pad> 0, </s> 1, <s> 2, <unk> 3) and
// T5's 300 sentinels, whose ids follow the vocabulary in reverse: <extra_id_299> is its size, <extra_id_0> its size + 299.
// Capitals count: <s> in a prompt is the control token, <S> is text. A </s> inside a prompt is an id as any other.
//
// Equal to HuggingFace's fast tokenizer except for (testdata/text/README.md tells how often):
//   - a compatibility character with a combining mark behind it (㋌ with a grave): theirs loses the mark
//   - special tokens that only appear by normalisation (﹤s﹥, with small signs): theirs takes them, here they are text
//   - the character U+2581 itself at an end of the text: SentencePiece reads it as white space
//   - cuts that are equally probable: either may be taken
//   - white space before a special token: dropped here and by tokenizers converted since transformers 4.35, a piece ▁ in
//     older ones
//
// Constant after construction; calls may run side by side.
class SentencePieceTokenizer {
 public:
  // The length that Ovi's and Wan's text encoders are given.
  static constexpr std::int64_t kMaxLength = 512;

  // Throws CheckpointError for a file that is missing, damaged, or not a unigram model.
  explicit SentencePieceTokenizer(const std::string& path);
  ~SentencePieceTokenizer();
  SentencePieceTokenizer(SentencePieceTokenizer&&) noexcept;
  SentencePieceTokenizer& operator=(SentencePieceTokenizer&&) noexcept;

  // prompt: UTF-8 as the user wrote it; throws InvalidRequest where it is not UTF-8. At most max_length (>= 1) ids, </s>
  // among them. The empty prompt is </s> alone.
  Tokens encode(std::string_view prompt, std::int64_t max_length = kMaxLength) const;

  std::int64_t piece_count() const;  // without the sentinels

 private:
  void append_text(std::string_view part, std::vector<std::int64_t>& ids) const;

  std::unique_ptr<sentencepiece::SentencePieceProcessor> model_;
  std::map<std::string, std::int64_t, std::less<>> special_;
};

}  // namespace phonofilm::text
