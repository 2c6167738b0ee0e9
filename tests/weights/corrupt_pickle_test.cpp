#include "phonofilm/weights/torch_archive.h"
#include "weights/archive_builder.h"
#include "weights/corrupt_files.h"

using namespace phonofilm;
using namespace phonofilm::test;
using namespace phonofilm::test::pickle;

namespace {

const std::string kData(24, '\x01');
const std::string kTensor = tensor(storage({}), 0, {2, 3}, {3, 1});
const std::string kGood = whole(kEmptyDict + entry("x", kTensor));

std::string in_archive(const std::string& body) { return archive(whole(body), kData); }

void add_calls(Faults& faults) {
  const std::pair<const char*, const char*> harmful[] = {
      {"os", "system"}, {"posix", "system"}, {"nt", "system"}, {"subprocess", "Popen"}, {"builtins", "eval"}, {"builtins", "exec"},
      {"__builtin__", "eval"}, {"builtins", "getattr"}, {"builtins", "__import__"}, {"importlib", "import_module"}, {"socket", "socket"},
      {"shutil", "rmtree"}, {"pickle", "loads"}, {"torch", "load"}, {"torch.hub", "load"}, {"torch.jit", "load"}, {"runpy", "run_path"},
      {"operator", "attrgetter"}, {"functools", "partial"}, {"_codecs", "encode"}, {"numpy.core.multiarray", "_reconstruct"},
      {"collections", "defaultdict"}, {"torch._utils", "_rebuild_tensor"}, {"torch.storage", "_load_from_bytes"}, {"", ""},
      {"torch", ""}, {"", "OrderedDict"}, {"torch ", "Size"}, {"\x1b[2J", "x"}, {"\xff\xfe", "\xff"}};
  for (const auto& [module, name] : harmful) {
    const char* message = "which no state dict needs; nothing was executed";
    faults.push_back({"global", in_archive(kEmptyDict + entry("x", call(module, name, text("true")))), message});
    faults.push_back({"global as a value", in_archive(kEmptyDict + entry("x", global(module, name))), message});
  }
  for (const char* module : {"os", "builtins"}) {
    faults.push_back({"global from the stack", in_archive(text(module) + text("exec") + "\x93" + tuple(text("true")) + "R"), "nothing was executed"});
  }
  faults.push_back({"global from the stack", in_archive(number(1) + number(2) + "\x93"), "expected a name on the stack"});
  faults.push_back({"calling a value", in_archive(kEmptyDict + tuple("") + "R"), "expected a function"});
  faults.push_back({"calling with a list", in_archive(global("torch", "Size") + kEmptyList + "R"), "expected a tuple of arguments"});
  faults.push_back({"OrderedDict with arguments", in_archive(call("collections", "OrderedDict", kEmptyList)), "OrderedDict with arguments"});
  faults.push_back({"endless global", in_archive("c" + std::string(1000, 'm')), "no end of line"});
  faults.push_back({"building a tuple", in_archive(kEmptyTuple + kEmptyDict + "b"), "expected a dictionary"});
}

void add_opcodes(Faults& faults) {
  // INST, OBJ, NEWOBJ, NEWOBJ_EX, EXT1-4, PERSID, POP, DUP, INT, STRING, BINBYTES, sets, buffers, and codes of no meaning.
  for (const unsigned char opcode : std::string("io\x81\x92\x82\x83\x84P01" "2ISTUBCFVLDld\x8b\x8e\x8f\x90\x91\x96\x97\x98g") + "p\x01 \xff\x99") {
    faults.push_back({"opcode", in_archive(kEmptyDict + char(opcode)), "is not one that a state dict needs"});
  }
  faults.push_back({"opcode 0", in_archive(kEmptyDict + '\0'), "opcode 0x00 is not one"});
  for (const char version : {'\x06', '\x7f', '\xff'}) faults.push_back({"protocol", archive(std::string("\x80") + version, kData), "pickle protocol"});
  faults.push_back({"frame", in_archive("\x95" + little(~std::uint64_t{0}, 8)), "frame claims"});
}

void add_stack_faults(Faults& faults) {
  for (const std::string& body : {std::string("\x85"), std::string("N\x86"), std::string("NN\x87"), std::string("R"), std::string("Q"), std::string("b"),
                                  std::string("s"), std::string("}Ns"), std::string("a"), std::string("]a"), std::string("q\x01", 2), std::string("\x94"),
                                  std::string("\x93"), std::string("}(s"), std::string("](a"), std::string("(q\x00", 3), std::string("")}) {
    faults.push_back({"stack underflow", in_archive(body), "stack underflow"});
  }
  for (const char* body : {"t", "e", "u", "}u", "]e", "}Nt"}) faults.push_back({"no mark", in_archive(body), "lacks its mark"});
  for (const char* body : {"}N", "}(", "NN", "}((("}) {
    faults.push_back({"left over", in_archive(body), body[1] == '(' ? "stack underflow" : "left over at its end"});
  }
  faults.push_back({"odd items", in_archive("}(Nu"), "a key without a value"});
  faults.push_back({"items of a list", in_archive("](NNu"), "expected a dictionary"});
  faults.push_back({"appending to a dict", in_archive("}Na"), "expected a list"});
  for (const std::uint32_t index : {0u, 1u, 255u}) {
    faults.push_back({"memo", in_archive("h" + little(index, 1)), "was never stored"});
    faults.push_back({"memo", in_archive("j" + little(index, 4)), "was never stored"});
  }
  for (const std::uint32_t index : {1u, 255u, 0x7FFFFFFFu, 0xFFFFFFFFu}) {
    faults.push_back({"memo", in_archive("j" + little(index, 4)), "was never stored"});
    faults.push_back({"memo", in_archive("}r" + little(index, 4)), "out of order"});
  }
}

void add_depth_and_size(Faults& faults) {
  faults.push_back({"deep marks", in_archive(std::string(100'000, '(')), "nests deeper than 1000 levels"});
  faults.push_back({"deep stack", in_archive(std::string(200'000, ']')), "stack deeper than 100000"});
  std::string appended, nested;
  for (int i = 0; i < 50'000; ++i) appended += "a";
  faults.push_back({"deep lists", in_archive(std::string(50'001, ']') + appended), "something else than a dictionary"});
  for (int i = 0; i < 70; ++i) nested += kEmptyDict + text("k");
  faults.push_back({"deep dicts", in_archive(nested + kNone + std::string(70, 's')), "nests deeper than 64 levels"});
  faults.push_back({"deep lists in a dict", in_archive(kEmptyDict + text("k") + std::string(99, ']') + std::string(98, 'a') + "s"), "nests deeper than 64"});
  faults.push_back({"cycle", in_archive("}q" + little(0, 1) + entry("k", "h" + little(0, 1))), "contains itself"});
  faults.push_back({"cycle", in_archive("}" + text("k") + "]q" + little(0, 1) + "h" + little(0, 1) + "as"), "contains itself"});
  std::string laughs = kEmptyDict;  // every level holds the one before it twice
  for (int level = 0; level < 40; ++level) {
    const std::string before = level == 0 ? number(1) : "h" + little(std::uint64_t(level) - 1, 1);
    laughs += entry("level" + std::to_string(level), "}q" + little(std::uint64_t(level), 1) + entry("a", before) + entry("b", before));
  }
  faults.push_back({"billion laughs", in_archive(laughs), "unfold to far more names than"});
  faults.push_back({"long name", in_archive(kEmptyDict + entry(std::string(5000, 'n'), number(1))), "a name is longer than"});
  faults.push_back({"bad text", in_archive(kEmptyDict + entry("\xc0\x80", number(1))), "is not UTF-8"});
  faults.push_back({"bad text", in_archive(kEmptyDict + entry("\xed\xa0\x80", number(1))), "is not UTF-8"});
  for (const std::uint64_t length : {~std::uint64_t{0}, std::uint64_t{1} << 40, std::uint64_t{1000}}) {
    faults.push_back({"text length", in_archive("\x8d" + little(length, 8)), "truncated or damaged"});
    if (std::uint32_t(length) == 0) continue;  // of the four bytes that this opcode reads
    faults.push_back({"text length", in_archive("X" + little(length, 4)), "truncated or damaged"});
  }
}

void add_roots_and_keys(Faults& faults) {
  for (const std::string& body : {kNone, kEmptyList, kEmptyTuple, kTrue, number(3), text("x"), kTensor, global("torch", "FloatStorage")}) {
    faults.push_back({"root", in_archive(body), "something else than a dictionary of tensors"});
  }
  for (const std::string& key : {kNone, kTrue, kEmptyTuple, kTensor, std::string("G") + std::string(8, '\0')}) {
    faults.push_back({"key", in_archive(kEmptyDict + key + kTensor + "s"), "neither a string nor a whole number"});
  }
  faults.push_back({"same name", in_archive(kEmptyDict + entry("x", kTensor) + entry("x", kTensor)), "the name \"x\" appears twice"});
  faults.push_back({"same name", in_archive(kEmptyDict + entry("x", kTensor) + entry("x", number(1))), "the name \"x\" appears twice"});
  faults.push_back({"same name", in_archive(kEmptyDict + entry("1", kTensor) + number(1) + kTensor + "s"), "the name \"1\" appears twice"});
  faults.push_back({"same name", in_archive(kEmptyDict + entry("a.b", kTensor) + entry("a", kEmptyDict + entry("b", kTensor))), "\"a.b\" appears twice"});
  faults.push_back({"bare storage", in_archive(kEmptyDict + entry("x", storage({}))), "\"x\" is a bare storage"});
}

}  // namespace

TEST_CASE("corrupt files: pickles in a good archive") {
  Faults faults;
  for (std::size_t length = 0; length < kGood.size(); length += 2) {
    faults.push_back({"truncated pickle", archive(kGood.substr(0, length), kData), "truncated or damaged"});
  }
  add_calls(faults);
  add_opcodes(faults);
  add_stack_faults(faults);
  add_depth_and_size(faults);
  add_roots_and_keys(faults);
  CHECK(check_refused(faults, [](const std::string& path) { weights::TorchArchive::open(path); }) >= 150);
}
