// What a SentencePiece model file (spiece.model) says of itself. The library takes such files on trust and prints or crashes
// where they are damaged; this reader looks first.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace phonofilm::text {

enum class PieceType { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };

// One entry of the vocabulary; its id is its place in the list.
struct Piece {
  std::string_view text;
  float score = 0;  // log-probability
  PieceType type = PieceType::normal;
};

struct SpieceModel {
  std::vector<Piece> pieces;
  int model_type = 1;         // 1: unigram
  std::string_view charsmap;  // the normaliser's table (charsmap.h)
};

// bytes: the file's content, which the result points into. Format: a protocol buffer, sentencepiece_model.proto of
// google/sentencepiece. Throws CheckpointError, naming `path` and the damage, for bytes that are no such message and for
// models that cannot tokenize: no pieces, an empty or repeated one, a score that is no number, not exactly one unknown
// piece and one </s>, no settings behind the pieces, another kind than unigram, a damaged character table.
SpieceModel read_spiece_model(const std::string& path, std::string_view bytes);

}  // namespace phonofilm::text
