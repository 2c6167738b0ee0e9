#include "fuzz/fuzz_text.h"
#include "phonofilm/base/error.h"
#include "phonofilm/text/spiece_model.h"

// A vocabulary that passes is handed to SentencePiece unchecked, so every piece must lie inside the file and be text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace phonofilm;
  try {
    std::size_t letters = 0;
    for (const text::Piece& piece : text::read_spiece_model("fuzz", fuzz::text_of(data, size)).pieces) letters += piece.text.size();
    if (letters == 0 || letters > size) __builtin_trap();
  } catch (const CheckpointError&) {
  }
  return 0;
}
