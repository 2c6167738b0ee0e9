// The program's doors from families to the text library (cli/load_options.h).
#include "phonofilm/cli/load_options.h"

#include "phonofilm/text/sentencepiece_tokenizer.h"
#include "support/support.h"

using namespace phonofilm;

TEST_CASE("load options: the tokenizer that families open is that of the text library") {
  const std::string path = test::testdata("text/tiny_spiece.model");
  const std::string prompt = " <S>Hello,\nworld!<E> caf&eacute;";
  const families::LoadOptions options = cli::load_options();
  CHECK(options.open_tokenizer(path, 512)(prompt) == text::SentencePieceTokenizer(path).encode(prompt).ids);
}

TEST_CASE("load options: long prompts come out cut, with their end mark") {
  const families::LoadOptions options = cli::load_options();
  std::string prompt;
  for (int i = 0; i < 600; ++i) prompt += "ball ";
  const auto ids = options.open_tokenizer(test::testdata("text/tiny_spiece.model"), 40)(prompt);
  CHECK(ids.size() == 40);
  CHECK(ids.back() == 1);
}

TEST_CASE("load options: prompts are formatted as families ask, with notices") {
  const families::LoadOptions options = cli::load_options();
  const FormattedPrompt pair = options.format_prompt("<S>Hi.<E> Audio: Rain.", AudioTag::audcap);
  CHECK(pair.text == "<S>Hi.<E> <AUDCAP>Rain.<ENDAUDCAP>");
  CHECK(pair.notices.size() == 1);
  const FormattedPrompt heading = options.format_prompt("<S>Hi.<E> Audio: Rain.", AudioTag::audio_colon);
  CHECK(heading.text == "<S>Hi.<E> Audio: Rain.");
  CHECK(heading.notices.empty());
}
