#include "phonofilm/world/impacts_caption.h"

#include <algorithm>

#include "phonofilm/world/captions.h"

namespace phonofilm::world {
namespace {

// A rule whose name holds a dot is one meaning in several wordings; "maybe" picks it or nothing.
Grammar::Rules rules() {
  Grammar::Rules rules{
      {"one",
       {"a {ball} {falls} {from} {way} and {bounces} {count} {walls}{end}",
        "a {ball} {falls} {way} {from}, it {bounces} {count} {on floor} {walls}{end}",
        "a {ball} is {dropped} {from} and {bounces} {count} {on floor} {walls}{sound}",
        "after a {fall height}, a {ball} {bounces} {count} {on floor} {walls}{end}",
        "a {ball} {bounces} {count} {on floor} {walls} after a {fall height}{sound}",
        "a falling {ball} {strikes} the floor {count} {walls}{sound}",
        "someone lets a {ball} fall {from} {way}, it {bounces} {count} {walls}{end}",
        "a {ball} {strikes} the floor {count} {walls}{end}",
        "the {ball} {falls} {way} and {bounces} {count} {walls}{sound}",
        "we see a {ball}, it {falls} {from} {way} and {bounces} {count} {walls}{end}"}},
      {"two",
       {"a {first} and a {second} {fall}",
        "two balls {fall}, a {first} and a {second}",
        "a {first} and a {second} {fall} and bounce on the floor",
        "on the left a {first} {falls} {from1}, on the right a {second} {falls} {from2}",
        "a {first} {falls} and {bounces} {count1}, a {second} {falls} and {bounces} {count2}",
        "on the left a {first} {bounces} {count1}, on the right a {second} {bounces} {count2}",
        "a {second} is {dropped} on the right and {bounces} {count2}, a {first} on the left {bounces} {count1}",
        "someone lets two balls fall, a {first} on the left and a {second} on the right",
        "we see a {first} and a {second}, they {fall} and bounce",
        "a {second} {strikes} the floor {count2}{sound2}, a {first} {strikes} it {count1}{sound1}"}},
      {"ball noun", {"{color} {material} ball", "{color} {material} ball", "{color} ball made of {material}"}},
      {"falls", {"falls", "falls", "drops", "comes down"}},
      {"fall", {"fall", "fall", "drop", "come down"}},
      {"dropped", {"dropped", "released", "let go"}},
      {"bounces", {"bounces", "bounces", "hops"}},
      {"strikes", {"hits", "strikes"}},
      {"on floor", {"", "on the floor", "on the ground"}},
      {"size.small", {"small", "little"}},
      {"size.big", {"big", "large"}},
      {"from.high", {"from high", "from high up", "from a great height"}},
      {"from.low", {"from low", "from low down", "from a small height"}},
      {"fall height.high", {"long fall", "high fall"}},
      {"fall height.low", {"short fall", "low fall"}},
      {"fall height.any", {"fall"}},
      {"way.none", {"straight down", "straight down"}},
      {"way.left", {"to the left", "towards the left"}},
      {"way.right", {"to the right", "towards the right"}},
      {"way.slow", {"slowly {side}"}},
      {"way.fast", {"fast {side}", "quickly {side}"}},
      {"walls.left", {"and hits the wall", "and hits the left wall", "and strikes the wall on the left"}},
      {"walls.right", {"and hits the wall", "and hits the right wall", "and strikes the wall on the right"}},
      {"walls.both", {"and hits both walls", "and strikes both walls"}},
      {"end.rest", {", then lies still", ", then rests", ", then stays on the floor"}},
      {"end.roll", {", then rolls on", ", then rolls along the floor"}},
      {"sound.wood", {" with a knock", " with a dry knock"}},
      {"sound.metal", {" with a long ring", " with a ringing sound"}},
      {"sound.glass", {" with a clear clink", " with a bright clink"}},
      {"sound.rubber", {" with a soft thud", " with a dull thud"}},
      {"count.1", {"once", "once", "one time"}},
      {"count.2", {"twice", "twice", "two times"}},
      {"count.many", {"many times"}}};
  const std::vector<std::string> numbers{"three", "four", "five", "six", "seven", "eight"};
  for (size_t i = 0; i < numbers.size(); ++i) {
    rules["count." + std::to_string(i + 3)] = {numbers[i] + " times"};
  }
  for (const NamedColor& color : colors()) rules["color." + color.name] = {color.name};
  for (const std::string& material : materials()) rules["material." + material] = {material};
  return rules;
}

const Grammar& grammar() {
  static const Grammar kGrammar(rules());
  return kGrammar;
}

// The true details of one ball, each in some wording.
class Details {
 public:
  Details(const ImpactsScript& script, size_t index, const Stage& stage, Random& random)
      : ball_(script.balls[index]), random_(random), stage_(stage) {
    // A third of the captions is plain; the rest tells each detail or not.
    share_ = random.chance(0.33) ? 0.15 : 0.75;
    for (const Event& event : script.events) {
      if (event.object != std::int64_t(index)) continue;
      ++(event.surface == "floor" ? floor_ : event.surface == "left wall" ? left_ : right_);
    }
  }

  std::string ball() {
    const std::string size = ball_.size < 0.35 ? maybe("size.small") : ball_.size > 0.65 ? maybe("size.big") : "";
    const Grammar::Texts names{{"color", ball_.role.color.name}, {"material", ball_.role.material}};
    return size + " " + grammar().expand("ball noun", names, random_);
  }
  std::string from() { return maybe(ball_.role.high ? "from.high" : "from.low"); }
  std::string fall_height() {
    if (!random_.chance(share_)) return say("fall height.any");
    return say(ball_.role.high ? "fall height.high" : "fall height.low");
  }
  std::string way() {
    if (ball_.role.drift == Drift::none) return maybe("way.none");
    const std::string side = say(ball_.path.start().drift < 0 ? "way.left" : "way.right");
    if (!random_.chance(share_)) return "";
    if (random_.chance(0.5)) return side;
    return grammar().expand(ball_.role.drift == Drift::slow ? "way.slow" : "way.fast", {{"side", side}}, random_);
  }
  std::string count() { return maybe(floor_ <= 8 ? "count." + std::to_string(floor_) : "count.many"); }
  std::string walls() {
    if (left_ + right_ == 0) return "";
    return maybe(left_ > 0 && right_ > 0 ? "walls.both" : left_ > 0 ? "walls.left" : "walls.right");
  }
  std::string end() {
    const bool rests = ball_.path.rest_time() < stage_.seconds - kQuietEdge;
    return rests ? maybe(ball_.role.drift == Drift::none ? "end.rest" : "end.roll") : "";
  }
  std::string sound() { return " " + maybe("sound." + ball_.role.material); }

 private:
  std::string say(const std::string& rule) { return grammar().expand(rule, {}, random_); }
  std::string maybe(const std::string& rule) { return random_.chance(share_) ? say(rule) : ""; }

  const BallActor& ball_;
  Random& random_;
  const Stage& stage_;
  double share_;
  std::int64_t floor_ = 0, left_ = 0, right_ = 0;
};

std::string caption_of_one(const ImpactsScript& script, const Stage& stage, Random& random) {
  Details ball(script, 0, stage, random);
  return grammar().expand("one", {{"ball", ball.ball()}, {"from", ball.from()}, {"way", ball.way()},
                                  {"fall height", ball.fall_height()}, {"count", ball.count()},
                                  {"walls", ball.walls()}, {"end", ball.end()}, {"sound", ball.sound()}},
                          random);
}

std::string caption_of_two(const ImpactsScript& script, const Stage& stage, Random& random) {
  Details left(script, 0, stage, random), right(script, 1, stage, random);
  return grammar().expand("two", {{"first", left.ball()}, {"second", right.ball()}, {"from1", left.from()},
                                  {"from2", right.from()}, {"count1", left.count()}, {"count2", right.count()},
                                  {"sound1", left.sound()}, {"sound2", right.sound()}},
                          random);
}

}  // namespace

std::string caption_of(const ImpactsScript& script, const Stage& stage, Random& random) {
  return script.balls.size() == 1 ? caption_of_one(script, stage, random) : caption_of_two(script, stage, random);
}

std::vector<std::string> impacts_words() { return grammar().words(); }

}  // namespace phonofilm::world
