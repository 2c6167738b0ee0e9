// Ids against those of HuggingFace's tokenizer on the same vocabulary (testdata/text/README.md).
#include "phonofilm/text/sentencepiece_tokenizer.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "support/support.h"

using namespace phonofilm;
using namespace phonofilm::text;
using Ids = std::vector<std::int64_t>;

namespace {

const SentencePieceTokenizer& tiny() {
  static const SentencePieceTokenizer tokenizer(test::testdata("text/tiny_spiece.model"));
  return tokenizer;
}

}  // namespace

TEST_CASE("sentencepiece: recorded texts have the publisher's ids, every one") {
  std::ifstream file(test::testdata("text/tokens.jsonl"));
  REQUIRE(file);
  int texts = 0, cut = 0;
  for (std::string line; std::getline(file, line); ++texts) {
    const nlohmann::json entry = nlohmann::json::parse(line);
    const Tokens tokens = tiny().encode(entry["text"].get<std::string>());
    CAPTURE(line);
    CHECK(tokens.ids == entry["ids"].get<Ids>());
    CHECK(tokens.cut == entry.value("cut", 0));
    cut += tokens.cut > 0;
  }
  CHECK(texts == 89);
  CHECK(cut == 5);
}

TEST_CASE("sentencepiece: the empty prompt is the end mark alone") {
  CHECK(tiny().encode("").ids == Ids{1});
  CHECK(tiny().encode(" \n\t").ids == Ids{1});
}

TEST_CASE("sentencepiece: control tokens go by their capitals and by nothing else") {
  CHECK(tiny().encode("<s>").ids == Ids{2, 1});
  CHECK(tiny().encode("<pad></s><unk>").ids == Ids{0, 1, 3, 1});
  CHECK(tiny().encode("<S>").ids.size() > 3);
  CHECK(tiny().encode("<extra_id_0>").ids == Ids{tiny().piece_count() + 299, 1});
  CHECK(tiny().encode("<extra_id_299>").ids == Ids{tiny().piece_count(), 1});
  CHECK(tiny().encode("<extra_id_300>").ids.size() > 2);
}

TEST_CASE("sentencepiece: the end mark is kept when a text is cut") {
  const Tokens whole = tiny().encode("A red rubber ball falls onto a wooden floor.");
  const Tokens cut = tiny().encode("A red rubber ball falls onto a wooden floor.", 6);
  CHECK(whole.cut == 0);
  CHECK(cut.ids.size() == 6);
  CHECK(cut.cut == std::int64_t(whole.ids.size()) - 6);
  CHECK(std::equal(cut.ids.begin(), cut.ids.end() - 1, whole.ids.begin()));
  CHECK(cut.ids.back() == 1);
  CHECK(tiny().encode("A ball.", 1).ids == Ids{1});
  CHECK_THROWS_AS(tiny().encode("A ball.", 0), InvalidRequest);
}

TEST_CASE("sentencepiece: text that is not UTF-8 is refused") { CHECK_THROWS_AS(tiny().encode("caf\xE9"), InvalidRequest); }
