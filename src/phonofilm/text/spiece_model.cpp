#include "phonofilm/text/spiece_model.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <optional>
#include <unordered_set>

#include "phonofilm/base/error.h"
#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/text/charsmap.h"

namespace phonofilm::text {
namespace {

[[noreturn]] void refuse(const std::string& path, const std::string& damage) {
  throw CheckpointError("load", concat(path, ": not a whole SentencePiece model: ", damage,
                                       "; fetch this file (spiece.model) again from where the model was published"));
}

// The wire types of protocol buffers that this format uses.
enum class Wire { number = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

struct Field {
  std::uint64_t number = 0;
  Wire wire = Wire::number;
  std::uint64_t value = 0;  // of the other wire types
  std::string_view bytes;   // of Wire::bytes
  bool is(std::uint64_t wanted, Wire type) const { return number == wanted && wire == type; }
};

// The fields of one message in the order of the file.
class FieldReader {
 public:
  FieldReader(const std::string& path, std::string_view message) : path_(path), rest_(message) {}

  std::optional<Field> next() {
    if (rest_.empty()) return std::nullopt;
    const std::uint64_t tag = number();
    Field field{tag >> 3, Wire(tag & 7), 0, {}};
    if (field.number == 0 || field.number > 0x1FFFFFFF) refuse(path_, "it holds other data");
    switch (field.wire) {
      case Wire::number: field.value = number(); break;
      case Wire::fixed64: field.value = fixed(take(8)); break;
      case Wire::fixed32: field.value = fixed(take(4)); break;
      case Wire::bytes: field.bytes = take(number()); break;
      default: refuse(path_, "it holds other data");
    }
    return field;
  }

 private:
  std::string_view take(std::uint64_t count) {
    if (count > rest_.size()) refuse(path_, concat("it ends ", count - rest_.size(), " bytes too early, or is damaged"));
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }

  // Seven bits per byte, the lowest first; the top bit says that more follow.
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      value |= std::uint64_t(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    refuse(path_, "it holds other data");
  }

  static std::uint64_t fixed(std::string_view bytes) {
    std::uint64_t value = 0;
    for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return value;
  }

  const std::string& path_;
  std::string_view rest_;
};

Piece read_piece(const std::string& path, std::string_view message) {
  Piece piece;
  FieldReader reader(path, message);
  while (const auto field = reader.next()) {
    if (field->is(1, Wire::bytes)) piece.text = field->bytes;
    if (field->is(2, Wire::fixed32)) piece.score = std::bit_cast<float>(std::uint32_t(field->value));
    if (field->is(3, Wire::number)) {
      if (field->value < 1 || field->value > 6) refuse(path, concat("a piece has the unknown type ", field->value));
      piece.type = PieceType(field->value);
    }
  }
  return piece;
}

int read_model_type(const std::string& path, std::string_view trainer_spec, int type) {
  FieldReader reader(path, trainer_spec);
  while (const auto field = reader.next()) {
    if (field->is(3, Wire::number)) type = int(std::min<std::uint64_t>(field->value, 99));
  }
  return type;
}

std::string_view read_charsmap(const std::string& path, std::string_view normalizer_spec, std::string_view charsmap) {
  FieldReader reader(path, normalizer_spec);
  while (const auto field = reader.next()) {
    if (field->is(2, Wire::bytes)) charsmap = field->bytes;
  }
  return charsmap;
}

void check_pieces(const std::string& path, const std::vector<Piece>& pieces) {
  std::unordered_set<std::string_view> seen;
  std::int64_t unknown = 0, end = 0;
  for (size_t id = 0; id < pieces.size(); ++id) {
    const Piece& piece = pieces[id];
    if (piece.text.empty() || !is_utf8(piece.text) || piece.text.find('\0') != piece.text.npos) refuse(path, concat("piece ", id, " is not text"));
    if (!std::isfinite(piece.score)) refuse(path, concat("the score of piece ", id, " is not a number"));
    if (!seen.insert(piece.text).second) refuse(path, concat("piece ", id, " is there twice"));
    unknown += piece.type == PieceType::unknown;
    end += piece.type == PieceType::control && piece.text == "</s>";
  }
  if (unknown != 1 || end != 1) refuse(path, concat("of ", pieces.size(), " pieces ", unknown, " stand for unknown text and ", end,
                                                    " for the end (</s>), expected one each"));
}

}  // namespace

SpieceModel read_spiece_model(const std::string& path, std::string_view bytes) {
  SpieceModel model;
  bool trainer = false, normalizer = false;
  FieldReader reader(path, bytes);
  while (const auto field = reader.next()) {
    if (field->is(1, Wire::bytes)) model.pieces.push_back(read_piece(path, field->bytes));
    if (field->is(2, Wire::bytes)) model.model_type = read_model_type(path, field->bytes, model.model_type);
    if (field->is(3, Wire::bytes)) model.charsmap = read_charsmap(path, field->bytes, model.charsmap);
    trainer = trainer || field->is(2, Wire::bytes);
    normalizer = normalizer || field->is(3, Wire::bytes);
  }
  if (model.pieces.empty()) refuse(path, "it has no pieces");
  if (!trainer || !normalizer) refuse(path, "it ends before its settings");
  check_pieces(path, model.pieces);
  PF_CHECK(model.model_type == 1, CheckpointError, "load", path, ": expected a unigram model (type 1), got type ", model.model_type,
           "; UMT5 needs its own spiece.model");
  if (const std::string damage = charsmap_damage(model.charsmap); !damage.empty()) refuse(path, damage);
  return model;
}

}  // namespace phonofilm::text
