#include "phonofilm/world/speech/talkers_caption.h"

#include "phonofilm/base/text.h"
#include "phonofilm/world/captions.h"
#include "phonofilm/world/world.h"

namespace phonofilm::world {
namespace {

Grammar::Rules rules() {
  Grammar::Rules rules{
      {"one",
       {"a {person} says {line}{heard}", "a {person} says {line}{heard}", "we see a {person} who says {line}{heard}",
        "{line}, says a {person}{heard}", "a {person} looks at us and says {line}{heard}",
        "a {person} says {line} {in voice}", "a {person} talks {in voice}, we hear {line}"}},
      {"two.left",
       {"on the left a {left} says {line1}, on the right a {right} answers {line2}{noise}",
        "a {left} says {line1} and a {right} answers {line2}{noise}",
        "two people talk, on the left a {left} says {line1}, then a {right} says {line2}",
        "a {left} on the left says {line1}, the {other} on the right answers {line2}"}},
      {"two.right",
       {"on the right a {right} says {line1}, on the left a {left} answers {line2}{noise}",
        "a {right} on the right says {line1} and a {left} answers {line2}{noise}",
        "two people talk, on the right a {right} says {line1}, then a {left} says {line2}",
        "a {right} on the right says {line1}, the {other} on the left answers {line2}"}},
      {"line", {"<S>{words}<E>"}},
      {"person.hair", {"{who} with {style} {hair} hair in a {shirt} shirt", "{who} with {style} {hair} hair",
                       "{who} in a {shirt} shirt", "{who} with {hair} hair in a {shirt} shirt",
                       "{who} with {hair} hair and a {shirt} shirt"}},
      {"person.bald", {"bald {who} in a {shirt} shirt", "bald {who}", "{who} in a {shirt} shirt"}},
      {"brief", {"{who} in a {shirt} shirt", "{who} with {hair} hair", "{who}"}},
      {"brief.bald", {"{who} in a {shirt} shirt", "bald {who}", "{who}"}},
      {"in voice", {"in a {voice} voice", "with a {voice} voice"}},
      {"heard.yes", {" <AUDCAP>a {voice} voice of a {who} says {count}<ENDAUDCAP>",
                     " <AUDCAP>clear speech, a {voice} voice<ENDAUDCAP>", " <AUDCAP>a {voice} voice<ENDAUDCAP>"}},
      {"noise.yes", {" <AUDCAP>a {voice1} voice, then a {voice2} voice<ENDAUDCAP>"}},
      {"count.1", {"one word"}}, {"count.2", {"two words"}}, {"count.3", {"three words"}}, {"count.4", {"four words"}}};
  for (const std::string& name : hair_names()) rules["hair." + name] = {name};
  for (const std::string& name : shirt_names()) rules["shirt." + name] = {name};
  for (const char* style : {"short", "long", "curly"}) rules[std::string("style.") + style] = {style};
  for (const Voice& voice : voices()) {
    rules["who." + voice.speaker] = {voice.speaker};
    rules["voice." + voice.id] = {voice.sound};
  }
  return rules;
}

const Grammar& grammar() {
  static const Grammar kGrammar(rules());
  return kGrammar;
}

Grammar::Texts looks_of(const Talker& talker) {
  const PersonLook& look = talker.look;
  return {{"who", look.who}, {"hair", look.hair_name}, {"style", look.hair_style}, {"shirt", look.shirt_name}};
}

std::string line_of(const Talker& talker, Random& random) {
  return grammar().expand("line", {{"words", join(talker.line, " ")}}, random);
}

std::string caption_of_one(const Talker& talker, Random& random) {
  const bool bald = talker.look.hair_style == "bald";
  const std::string person = grammar().expand(bald ? "person.bald" : "person.hair", looks_of(talker), random);
  const std::string count = grammar().expand("count." + std::to_string(talker.line.size()), {}, random);
  const std::string& voice = talker.voice->sound;
  std::string heard;
  if (random.chance(0.4)) {
    heard = " " + grammar().expand("heard.yes", {{"voice", voice}, {"who", talker.look.who}, {"count", count}}, random);
  }
  return grammar().expand("one", {{"person", person}, {"line", line_of(talker, random)}, {"heard", heard},
                                  {"in voice", grammar().expand("in voice", {{"voice", voice}}, random)}},
                          random);
}

std::string caption_of_two(const TalkersScript& script, Random& random) {
  const auto brief = [&](const Talker& talker) {
    const bool bald = talker.look.hair_style == "bald";
    return grammar().expand(bald ? "brief.bald" : "brief", looks_of(talker), random);
  };
  const Talker &first = script.talkers[script.first], &second = script.talkers[1 - script.first];
  const std::string left = brief(script.talkers[0]), right = brief(script.talkers[1]);
  std::string noise;
  if (random.chance(0.4)) {
    const Grammar::Texts heard{{"voice1", first.voice->sound}, {"voice2", second.voice->sound}};
    noise = " " + grammar().expand("noise.yes", heard, random);
  }
  const Grammar::Texts texts{{"left", left}, {"right", right}, {"line1", line_of(first, random)},
                             {"line2", line_of(second, random)}, {"noise", noise}, {"other", second.look.who}};
  return grammar().expand(script.first == 0 ? "two.left" : "two.right", texts, random);
}

}  // namespace

std::string caption_of(const TalkersScript& script, Random& random) {
  return script.talkers.size() == 1 ? caption_of_one(script.talkers[0], random) : caption_of_two(script, random);
}

std::vector<std::string> talkers_words() {
  std::vector<std::string> words = grammar().words();
  const std::vector<std::string> spoken = spoken_words();
  words.insert(words.end(), spoken.begin(), spoken.end());
  return words;
}

}  // namespace phonofilm::world
