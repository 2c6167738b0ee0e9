#include <string>

#include "fuzz/fuzz_text.h"
#include "phonofilm/base/error.h"
#include "phonofilm/text/clean.h"

// HTML references, misread encodings, Unicode forms and white space: the prompt that results is one line of UTF-8.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace phonofilm;
  std::string prompt;
  try {
    prompt = text::clean_prompt(fuzz::text_of(data, size));
  } catch (const InvalidRequest&) {
    return 0;
  }
  if (prompt.find('\n') != std::string::npos || text::collapse_white_space(prompt) != prompt) __builtin_trap();
  return 0;
}
