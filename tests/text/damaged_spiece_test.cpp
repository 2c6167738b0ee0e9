// Vocabularies that are missing, damaged or made to mislead: each is refused by name, and none crashes the library.
#include <bit>
#include <cmath>
#include <fstream>
#include <random>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/text/charsmap.h"
#include "phonofilm/text/sentencepiece_tokenizer.h"
#include "phonofilm/text/spiece_model.h"
#include "support/support.h"

using namespace phonofilm;
using namespace phonofilm::text;

namespace {

const std::string& whole() {
  static const std::string bytes = read_file(test::testdata("text/tiny_spiece.model"));
  return bytes;
}

std::string error_of_path(const std::string& path) {
  try {
    SentencePieceTokenizer tokenizer(path);
  } catch (const CheckpointError& error) {
    CHECK(std::string(error.what()).find(path) != std::string::npos);
    CHECK(std::string(error.what()).find("spiece.model") != std::string::npos);
    return error.what();
  }
  return "accepted";
}

std::string error_of(const std::string& bytes) {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("spiece.model");
  std::ofstream(path, std::ios::binary) << bytes;
  return error_of_path(path);
}

void check_mentions(const std::string& error, const std::string& part) {
  CAPTURE(error);
  CHECK(error.find(part) != std::string::npos);
}

// Protocol buffer fields.
std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += char((value & 0x7F) | 0x80);
  return bytes + char(value);
}
std::string number_field(int field, std::uint64_t value) { return varint(std::uint64_t(field) << 3) + varint(value); }
std::string bytes_field(int field, const std::string& bytes) {
  return varint(std::uint64_t(field) << 3 | 2) + varint(bytes.size()) + bytes;
}
std::string little_endian(std::uint32_t value) {
  std::string bytes;
  for (int i = 0; i < 4; ++i) bytes += char(value >> 8 * i & 0xFF);
  return bytes;
}
std::string piece(const std::string& text, float score, int type) {
  return bytes_field(1, bytes_field(1, text) + varint(2 << 3 | 5) + little_endian(std::bit_cast<std::uint32_t>(score)) +
                            number_field(3, std::uint64_t(type)));
}

struct Parts {
  std::string pieces = piece("</s>", 0, 3) + piece("<unk>", 0, 2) + piece("\u2581", -2, 1) + piece("a", -1, 1);
  std::string trainer = number_field(3, 1) + number_field(40, 1) + number_field(41, std::uint64_t(-1)) + number_field(42, 0);
  std::string charsmap;
  std::string file() const { return pieces + bytes_field(2, trainer) + bytes_field(3, bytes_field(2, charsmap)); }
};

std::string charsmap(const std::vector<std::uint32_t>& units, const std::string& replacements) {
  std::string table = little_endian(std::uint32_t(4 * units.size()));
  for (const std::uint32_t unit : units) table += little_endian(unit);
  return table + replacements;
}

// A root whose children, none so far, would stand from unit 256 on, and room for their values from unit 512 on.
std::vector<std::uint32_t> childless_trie() {
  std::vector<std::uint32_t> units(768, 0x80000000u);
  units[0] = 256 << 10;
  return units;
}

}  // namespace

TEST_CASE("damaged spiece: missing, a folder, other files") {
  const test::TemporaryFolder folder;
  check_mentions(error_of_path(folder.file("spiece.model")), "missing");
  check_mentions(error_of_path(folder.path().string() + "/../" + folder.path().filename().string()), "not a file");
  check_mentions(error_of(""), "no pieces");
  check_mentions(error_of(std::string(100000, '\0')), "other data");
  check_mentions(error_of("version https://git-lfs.github.com/spec/v1\nsize 4548313\n"), "not a whole SentencePiece model");
  check_mentions(error_of("{\"version\": \"1.0\"}"), "not a whole SentencePiece model");
}

TEST_CASE("damaged spiece: a file that is cut short anywhere is refused") {
  for (size_t size = 1; size + 20 < whole().size(); size += size < 20000 ? 97 : 9973) {
    CAPTURE(size);
    CHECK(error_of(whole().substr(0, size)) != "accepted");
  }
}

TEST_CASE("damaged spiece: the smallest sound model is read, and each fault in it is named") {
  CHECK(error_of(Parts().file()) == "accepted");
  const auto refused = [](const std::string& extra, const std::string& message) {
    Parts damaged;
    damaged.pieces += extra;
    check_mentions(error_of(damaged.file()), message);
  };
  refused(piece("", -1, 1), "piece 4 is not text");
  refused(piece("\xFF", -1, 1), "piece 4 is not text");
  refused(piece(std::string("a\0b", 3), -1, 1), "piece 4 is not text");
  refused(piece("b", std::nanf(""), 1), "score of piece 4");
  refused(piece("b", HUGE_VALF, 1), "score of piece 4");
  refused(piece("a", -1, 1), "piece 4 is there twice");
  refused(piece("b", -1, 7), "unknown type 7");
  refused(piece("<unk2>", 0, 2), "2 stand for unknown text");
  refused(bytes_field(1, "\x0A\x7F"), "bytes too early");
  refused("\x0B", "other data");
  refused(std::string(11, '\xFF'), "other data");
}

TEST_CASE("damaged spiece: models without an end mark, without settings, or of another kind") {
  Parts parts;
  parts.pieces = piece("<unk>", 0, 2) + piece("a", -1, 1);
  check_mentions(error_of(parts.file()), "0 for the end");
  check_mentions(error_of(Parts().pieces), "ends before its settings");
  Parts pairs;
  pairs.trainer = number_field(3, 2);
  check_mentions(error_of(pairs.file()), "expected a unigram model (type 1), got type 2");
}

TEST_CASE("damaged spiece: character tables that lead astray") {
  CHECK(charsmap_damage("").empty());
  CHECK(charsmap_damage(charsmap(childless_trie(), std::string("x\0", 2))).empty());
  check_mentions(charsmap_damage("abc"), "cut short");
  check_mentions(charsmap_damage(little_endian(400) + "abc"), "wrong length");
  check_mentions(charsmap_damage(charsmap(childless_trie(), "x")), "cut short");
  auto outside = childless_trie();
  outside[0] = 768 << 10;
  check_mentions(charsmap_damage(charsmap(outside, std::string("x\0", 2))), "outside itself");
  auto circle = childless_trie();  // "a" leads back to where its own search began: harmless without a value, else endless
  circle[256 ^ 'a'] = 'a' | std::uint32_t('a') << 10;
  circle[256] = 0x80000000u | 1;
  CHECK(charsmap_damage(charsmap(circle, std::string("x\0", 2))).empty());
  circle[256 ^ 'a'] |= 0x100;
  check_mentions(charsmap_damage(charsmap(circle, std::string("x\0", 2))), "no replacement");
}

TEST_CASE("damaged spiece: a table with a bad value is refused with the model that holds it") {
  auto units = childless_trie();
  units[256 ^ 'a'] = 'a' | 0x100 | std::uint32_t(256 ^ 'a' ^ 512) << 10;  // its value is unit 512
  units[512] = 0x80000000u | 1;                                            // the empty replacement
  Parts parts;
  parts.charsmap = charsmap(units, std::string("x\0", 2));
  CHECK(error_of(parts.file()) == "accepted");
  units[512] = 0x80000000u | 2;  // one behind the last byte
  parts.charsmap = charsmap(units, std::string("x\0", 2));
  check_mentions(error_of(parts.file()), "points to no replacement");
}

TEST_CASE("damaged spiece: whatever byte is changed, the model is refused or works") {
  std::mt19937 generator(5);
  const test::TemporaryFolder folder;
  const std::string path = folder.file("spiece.model");
  int refused = 0;
  for (int trial = 0; trial < 400; ++trial) {
    std::string bytes = whole();
    const size_t range = trial % 2 == 0 ? bytes.size() : 12000;  // the pieces, which come first, as often as the table
    for (int i = 0; i < 1 + trial % 4; ++i) bytes[generator() % range] = char(generator());
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    try {
      const SentencePieceTokenizer tokenizer(path);
      CHECK(!tokenizer.encode("Ein “älterer” Mann <S>½ ｶﾞ 红 x\u0302<E>").ids.empty());
    } catch (const CheckpointError&) {
      ++refused;
    }
  }
  CHECK(refused > 20);
  CHECK(refused < 400);
}
