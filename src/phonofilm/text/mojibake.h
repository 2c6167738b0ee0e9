// Repairs UTF-8 that was read as Latin-1 or Windows-1252: "cafÃ©" was "café", "itâ€™s" was "it’s".
#pragma once

#include <string>
#include <string_view>

namespace phonofilm::text {

// One line of text, repaired where it has been misread, also more than once over; otherwise returned as it is.
//
// Every run of characters that spells UTF-8 when written in Windows-1252 is a candidate, and has to be told from real
// text, where an accented letter may stand before a quote or dash ("CAFÉ…", „Ä“): a sequence is taken for misread where it
// holds a control or a symbol that does not follow letters, or a capital that stands inside a word. One such sequence
// vouches for those that touch it, and for the whole line where no other accented character contradicts it.
std::u32string repair_mojibake(std::u32string line);

}  // namespace phonofilm::text
