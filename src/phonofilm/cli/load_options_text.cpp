#include "phonofilm/base/log.h"
#include "phonofilm/base/text.h"
#include "phonofilm/cli/load_options.h"
#include "phonofilm/text/prompt.h"
#include "phonofilm/text/sentencepiece_tokenizer.h"

namespace phonofilm::cli {
namespace {

families::TokenizeFn open_tokenizer(const std::string& path, std::int64_t longest) {
  const auto tokenizer = std::make_shared<const text::SentencePieceTokenizer>(path);
  return [tokenizer, longest](const std::string& prompt) {
    text::Tokens tokens = tokenizer->encode(prompt, longest);
    if (tokens.cut > 0) {
      log::warn(concat("a prompt of ", std::int64_t(tokens.ids.size()) + tokens.cut, " tokens is too long: the model reads ",
                       tokens.ids.size(), " and never sees its end; shorten it"));
    }
    return std::move(tokens.ids);
  };
}

}  // namespace

families::LoadOptions load_options() {
  families::LoadOptions options;
  options.open_tokenizer = open_tokenizer;
  options.format_prompt = text::format_prompt;
  return options;
}

}  // namespace phonofilm::cli
