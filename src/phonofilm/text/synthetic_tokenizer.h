// A small SentencePiece model made on the spot, for checkpoints of random weights: the published one cannot be had
// everywhere, and for such weights any pieces will do.
#pragma once

#include <cstdint>
#include <string>

namespace phonofilm::text {

// A unigram model of at most `most_pieces` pieces, at least 512, as the bytes of a .model file; the same ones each time. As in
// UMT5's: pad is 0, end of text 1, beginning 2, unknown 3; text is normalised as in nmt-nfkc. Every text can be cut into its
// pieces: what is no English prompt falls apart into bytes.
// Throws InvalidRequest for fewer pieces than that, Error where the library fails.
std::string make_synthetic_tokenizer(std::int64_t most_pieces);

}  // namespace phonofilm::text
