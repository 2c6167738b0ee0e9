// The table inside a SentencePiece model by which it rewrites characters before cutting (nmt_nfkc: Unicode form KC and the
// white space rules of machine translation): a double-array trie from UTF-8 sequences to offsets into a string of
// replacements. The library walks it without looking where it steps, so a damaged one is refused here.
#pragma once

#include <string>
#include <string_view>

namespace phonofilm::text {

// What is wrong with a normalizer_spec.precompiled_charsmap; "" if every walk from its root stays inside it and ends at a
// terminated replacement. Layout: size of the trie in bytes (32 bits, little-endian), its 32-bit units, replacements that
// end in NUL. An empty table is sound: nothing is rewritten.
std::string charsmap_damage(std::string_view table);

}  // namespace phonofilm::text
