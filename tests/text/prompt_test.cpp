#include "phonofilm/text/prompt.h"

#include "phonofilm/base/error.h"
#include "support/support.h"

using namespace phonofilm;
using namespace phonofilm::text;

namespace {

std::string error_of(const std::string& prompt) {
  try {
    check_prompt(prompt);
  } catch (const InvalidRequest& error) {
    return error.what();
  }
  return "accepted";
}

bool mentions(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string pair_of(const std::string& prompt) { return format_prompt(prompt, AudioTag::audcap).text; }
std::string heading_of(const std::string& prompt) { return format_prompt(prompt, AudioTag::audio_colon).text; }
std::string notices_of(const std::string& prompt, AudioTag wanted) {
  return join(format_prompt(prompt, wanted).notices, "\n");
}

}  // namespace

TEST_CASE("prompt: marks that pair up are accepted") {
  CHECK(error_of("") == "accepted");
  CHECK(error_of("3 < 4 > 2, <b>bold</b>") == "accepted");
  CHECK(error_of("<S>One.<E> and <S>two.<E> <AUDCAP>Rain.<ENDAUDCAP>") == "accepted");
  CHECK(error_of("<AUDCAP>A voice: <S>One.<E><ENDAUDCAP>") == "accepted");
}

TEST_CASE("prompt: marks that do not pair up are named with their place and cure") {
  CHECK(error_of("Hé <S>one") == "[prompt] no <E> closes the <S> at character 4; a spoken line is written <S>like this<E>");
  CHECK(error_of("He says one<E>") == "[prompt] <E> without <S> at character 12; a spoken line is written <S>like this<E>");
  CHECK(mentions(error_of("<S>one <S>two<E>"), "<S> inside an open <S> at character 8"));
  CHECK(mentions(error_of("<S>one<E> <S>two"), "no <E> closes the <S> at character 11"));
  CHECK(mentions(error_of("<AUDCAP>Rain."), "no <ENDAUDCAP> closes the <AUDCAP> at character 1"));
  CHECK(mentions(error_of("Rain.<ENDAUDCAP>"), "<ENDAUDCAP> without <AUDCAP> at character 6"));
  CHECK(mentions(error_of("<AUDCAP>a<AUDCAP>b<ENDAUDCAP>"), "<AUDCAP> inside an open <AUDCAP>"));
}

TEST_CASE("prompt: the closing marks of HTML close nothing, and the message says so") {
  CHECK(error_of("<S>one</S>") == "[prompt] </S> closes nothing at character 7; a spoken line is written <S>like this<E>");
  CHECK(mentions(error_of("<S>one<E></S>"), "</S> closes nothing"));
  CHECK(mentions(error_of("<AUDCAP>Rain.</AUDCAP>"), "</AUDCAP> closes nothing at character 14"));
}

// Expected texts are those of the published regular expressions, "Audio:\s*(.*)" and "<AUDCAP>(.*?)<ENDAUDCAP>", in Python.
TEST_CASE("prompt: Audio: and all behind it becomes a pair of tags") {
  CHECK(pair_of("A dog. Audio: Barking.") == "A dog. <AUDCAP>Barking.<ENDAUDCAP>");
  CHECK(pair_of("A dog. Audio:\n\u3000 Barking,\nloud. \n") == "A dog. <AUDCAP>Barking,\nloud. \n<ENDAUDCAP>");
  CHECK(pair_of("A. Audio: x. Audio: y.") == "A. <AUDCAP>x. Audio: y.<ENDAUDCAP>");
  CHECK(pair_of("Audio:") == "<AUDCAP><ENDAUDCAP>");
  CHECK(pair_of("audio: x, MyAudio:z") == "audio: x, My<AUDCAP>z<ENDAUDCAP>");
  CHECK(pair_of("A <AUDCAP>x<ENDAUDCAP> Audio: y") == "A <AUDCAP>x<ENDAUDCAP> <AUDCAP>y<ENDAUDCAP>");
  CHECK(pair_of("A <AUDCAP>x\ny<ENDAUDCAP>.") == "A <AUDCAP>x\ny<ENDAUDCAP>.");
}

TEST_CASE("prompt: each pair of tags becomes Audio:") {
  CHECK(heading_of("A dog. <AUDCAP>Barking.<ENDAUDCAP>") == "A dog. Audio: Barking.");
  CHECK(heading_of("<AUDCAP> x\ny <ENDAUDCAP> and <AUDCAP><ENDAUDCAP>.") == "Audio:  x\ny  and Audio: .");
  CHECK(heading_of("A <AUDCAP>Audio: x<ENDAUDCAP>") == "A Audio: Audio: x");
  CHECK(heading_of("A dog. Audio:\tBarking.") == "A dog. Audio:\tBarking.");
}

TEST_CASE("prompt: what is changed or looks wrong is told") {
  CHECK(notices_of("A dog. <AUDCAP>Barking.<ENDAUDCAP>", AudioTag::audcap).empty());
  CHECK(notices_of("A dog. Audio: Barking.", AudioTag::audio_colon).empty());
  CHECK(notices_of("<S>Hi.<E>", AudioTag::audcap).empty());
  CHECK(notices_of("Audio: Rain.", AudioTag::audcap) ==
        "the audio tag was converted for this model, from Audio: ... to <AUDCAP>...<ENDAUDCAP>");
  CHECK(notices_of("<AUDCAP>Rain.<ENDAUDCAP>", AudioTag::audio_colon) ==
        "the audio tag was converted for this model, from <AUDCAP>...<ENDAUDCAP> to Audio: ...");
  CHECK(mentions(notices_of("Audio: Rain. <S>Hi.<E>", AudioTag::audcap), "speech behind Audio:"));
  CHECK(!mentions(notices_of("<S>Hi.<E> Audio: Rain.", AudioTag::audcap), "speech behind Audio:"));
  CHECK(mentions(notices_of("<AUDCAP>a<ENDAUDCAP> Audio: b", AudioTag::audio_colon), "in both forms"));
  CHECK(mentions(notices_of("<s>Hi.</s> Audio: x", AudioTag::audio_colon), "<s> is not a mark"));
}

TEST_CASE("prompt: neither speech nor sound is noticed in the words of the model") {
  CHECK(mentions(notices_of("A red ball falls.", AudioTag::audcap), "<AUDCAP>like this<ENDAUDCAP>"));
  CHECK(mentions(notices_of("A red ball falls.", AudioTag::audio_colon), "Audio: like this"));
}

TEST_CASE("prompt: a prompt that is to be rewritten is checked first") {
  CHECK_THROWS_AS(format_prompt("<S>Hi.</S>", AudioTag::audio_colon), InvalidRequest);
  CHECK_THROWS_AS(format_prompt("<AUDCAP>Rain.", AudioTag::audio_colon), InvalidRequest);
  CHECK_THROWS_AS(format_prompt("Audio: caf\xE9", AudioTag::audcap), InvalidRequest);
}
