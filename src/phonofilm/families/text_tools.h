// What families need done to a prompt before they encode it. The text library does it, which they may not include; the
// program hands its functions in (LoadOptions).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "phonofilm/base/prompt_marks.h"

namespace phonofilm::families {

// Token ids of a text as the user wrote it (it is cleaned inside), end mark included.
using TokenizeFn = std::function<std::vector<std::int64_t>(const std::string& text)>;
// Opens a SentencePiece model whose texts are cut to `longest` tokens.
using OpenTokenizerFn = std::function<TokenizeFn(const std::string& path, std::int64_t longest)>;

// Checks the marks of a positive prompt and rewrites its audio tags; throws InvalidRequest for marks that do not pair up.
using FormatPromptFn = std::function<FormattedPrompt(const std::string& prompt, AudioTag wanted)>;

}  // namespace phonofilm::families
