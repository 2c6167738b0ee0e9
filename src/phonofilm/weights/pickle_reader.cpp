#include "phonofilm/weights/pickle_reader.h"

#include <algorithm>
#include <bit>
#include <cstdio>

#include "phonofilm/base/error.h"
#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/weights/byte_reader.h"

namespace phonofilm::weights {
namespace {

constexpr std::uint64_t kMaxBytes = 64'000'000;
constexpr std::size_t kMaxValues = 4'000'000, kMaxStack = 100'000, kMaxMarks = 1'000;
constexpr std::uint64_t kLongestGlobal = 256;
constexpr std::uint8_t kNewestProtocol = 5;
constexpr std::string_view kOrderedDict = "collections.OrderedDict";

// The letters are those of Python's pickletools.
enum Opcode : std::uint8_t {
  kProto = 0x80, kFrame = 0x95, kStop = '.',
  kNone = 'N', kNewTrue = 0x88, kNewFalse = 0x89,
  kBinInt = 'J', kBinInt1 = 'K', kBinInt2 = 'M', kLong1 = 0x8a, kBinFloat = 'G',
  kBinUnicode = 'X', kShortBinUnicode = 0x8c, kBinUnicode8 = 0x8d,
  kMark = '(', kEmptyTuple = ')', kTuple = 't', kTuple1 = 0x85, kTuple2 = 0x86, kTuple3 = 0x87,
  kEmptyList = ']', kAppend = 'a', kAppends = 'e', kEmptyDict = '}', kSetItem = 's', kSetItems = 'u',
  kBinPut = 'q', kLongBinPut = 'r', kMemoize = 0x94, kBinGet = 'h', kLongBinGet = 'j',
  kGlobal = 'c', kStackGlobal = 0x93, kReduce = 'R', kBuild = 'b', kBinPersId = 'Q',
};

class Machine {
 public:
  Machine(const std::string& where, std::string_view bytes, std::span<const std::string_view> globals)
      : in_(where, bytes), globals_(globals) {}

  PickleDocument run();

 private:
  using Value = PickleValue*;

  // Each handles the opcodes of its group and returns false for any other.
  bool frame(std::uint8_t opcode);
  bool push_scalar(std::uint8_t opcode);
  bool push_text(std::uint8_t opcode);
  bool make_tuple(std::uint8_t opcode);
  bool fill_container(std::uint8_t opcode);
  bool use_memo(std::uint8_t opcode);
  bool make_object(std::uint8_t opcode);

  template <class Kind>
  void push(Kind content);
  void push_existing(Value value);
  void push_long(std::string_view digits);
  void push_unicode(std::uint64_t length);
  void push_global(std::string_view module, std::string_view name);
  Value top();
  Value pop();
  std::vector<const PickleValue*> pop_many(std::size_t count);
  std::vector<const PickleValue*> pop_to_mark();
  template <class Kind>
  Kind& expect(Value value, const char* what);

  void append(std::vector<const PickleValue*> items);
  void set_items(const std::vector<const PickleValue*>& items);
  void remember(std::uint64_t index);
  void recall(std::uint64_t index);
  void reduce();
  void build();
  [[noreturn]] void fail(const std::string& message) const;
  [[noreturn]] void refuse_opcode(std::uint8_t opcode) const;

  ByteReader in_;
  std::span<const std::string_view> globals_;
  PickleDocument document_;
  std::vector<Value> stack_, memo_;
  std::vector<std::size_t> marks_;  // heights of the stack
};

void Machine::fail(const std::string& message) const {
  throw CheckpointError("load", concat(in_.where(), ", byte ", in_.position(), ": ", message));
}

void Machine::refuse_opcode(std::uint8_t opcode) const {
  char code[8];
  std::snprintf(code, sizeof code, "0x%02x", opcode);
  fail(concat("pickle opcode ", code, " is not one that a state dict needs; nothing was executed"));
}

template <class Kind>
void Machine::push(Kind content) {
  if (document_.values.size() >= kMaxValues) fail(concat("more than ", kMaxValues, " values: not a state dict"));
  document_.values.push_back({std::move(content)});
  push_existing(&document_.values.back());
}

void Machine::push_existing(Value value) {
  if (stack_.size() >= kMaxStack) fail(concat("stack deeper than ", kMaxStack, ": not a state dict"));
  stack_.push_back(value);
}

Machine::Value Machine::top() {
  const std::size_t floor = marks_.empty() ? 0 : marks_.back();
  if (stack_.size() <= floor) fail("stack underflow: an operation lacks its operand");
  return stack_.back();
}

Machine::Value Machine::pop() {
  const Value value = top();
  stack_.pop_back();
  return value;
}

std::vector<const PickleValue*> Machine::pop_many(std::size_t count) {
  std::vector<const PickleValue*> items(count);
  for (std::size_t i = count; i-- > 0;) items[i] = pop();
  return items;
}

std::vector<const PickleValue*> Machine::pop_to_mark() {
  if (marks_.empty()) fail("stack underflow: an operation lacks its mark");
  const auto first = stack_.begin() + std::ptrdiff_t(marks_.back());
  std::vector<const PickleValue*> items(first, stack_.end());
  stack_.erase(first, stack_.end());
  marks_.pop_back();
  return items;
}

template <class Kind>
Kind& Machine::expect(Value value, const char* what) {
  Kind* content = std::get_if<Kind>(&value->content);
  if (content == nullptr) fail(concat("expected ", what, " on the stack"));
  return *content;
}

bool Machine::frame(std::uint8_t opcode) {
  if (opcode == kProto) {
    const std::uint8_t version = in_.u8();
    if (version > kNewestProtocol) fail(concat("pickle protocol ", int(version), ", known are those up to ", int(kNewestProtocol)));
    return true;
  }
  if (opcode != kFrame) return false;
  const std::uint64_t length = in_.u64();
  if (length > in_.remaining()) fail(concat("frame claims ", length, " bytes, ", in_.remaining(), " are left"));
  return true;
}

// Little-endian two's complement of any length.
void Machine::push_long(std::string_view digits) {
  if (digits.size() > 8) return push(PickleBigInteger{});
  const bool negative = !digits.empty() && (digits.back() & 0x80) != 0;
  std::uint64_t value = negative ? ~std::uint64_t{0} : 0;
  for (std::size_t i = digits.size(); i-- > 0;) value = value << 8 | std::uint8_t(digits[i]);
  push(std::int64_t(value));
}

bool Machine::push_scalar(std::uint8_t opcode) {
  switch (opcode) {
    case kNone: push(PickleNone{}); return true;
    case kNewTrue: push(true); return true;
    case kNewFalse: push(false); return true;
    case kBinInt1: push(std::int64_t(in_.u8())); return true;
    case kBinInt2: push(std::int64_t(in_.u16())); return true;
    case kBinInt: push(std::int64_t(std::int32_t(in_.u32()))); return true;
    case kLong1: push_long(in_.take(in_.u8())); return true;
    case kBinFloat: push(std::bit_cast<double>(__builtin_bswap64(in_.u64()))); return true;  // stored big-endian
    default: return false;
  }
}

void Machine::push_unicode(std::uint64_t length) {
  const std::string_view text = in_.take(length);
  if (!is_utf8(text)) fail("a string is not UTF-8");
  push(text);
}

bool Machine::push_text(std::uint8_t opcode) {
  switch (opcode) {
    case kShortBinUnicode: push_unicode(in_.u8()); return true;
    case kBinUnicode: push_unicode(in_.u32()); return true;
    case kBinUnicode8: push_unicode(in_.u64()); return true;
    default: return false;
  }
}

bool Machine::make_tuple(std::uint8_t opcode) {
  switch (opcode) {
    case kEmptyTuple: push(PickleTuple{}); return true;
    case kTuple1: push(PickleTuple{pop_many(1)}); return true;
    case kTuple2: push(PickleTuple{pop_many(2)}); return true;
    case kTuple3: push(PickleTuple{pop_many(3)}); return true;
    case kTuple: push(PickleTuple{pop_to_mark()}); return true;
    case kMark:
      if (marks_.size() >= kMaxMarks) fail(concat("nests deeper than ", kMaxMarks, " levels: not a state dict"));
      marks_.push_back(stack_.size());
      return true;
    default: return false;
  }
}

void Machine::append(std::vector<const PickleValue*> items) {
  auto& list = expect<PickleList>(top(), "a list").items;
  list.insert(list.end(), items.begin(), items.end());
}

void Machine::set_items(const std::vector<const PickleValue*>& items) {
  auto& dict = expect<PickleDict>(top(), "a dictionary").items;
  if (items.size() % 2 != 0) fail("a key without a value");
  for (std::size_t i = 0; i < items.size(); i += 2) dict.emplace_back(items[i], items[i + 1]);
}

bool Machine::fill_container(std::uint8_t opcode) {
  switch (opcode) {
    case kEmptyList: push(PickleList{}); return true;
    case kEmptyDict: push(PickleDict{}); return true;
    case kAppend: append(pop_many(1)); return true;
    case kAppends: append(pop_to_mark()); return true;
    case kSetItem: set_items(pop_many(2)); return true;
    case kSetItems: set_items(pop_to_mark()); return true;
    default: return false;
  }
}

// Picklers number what they remember from 0 on, so the memo grows by one at a time.
void Machine::remember(std::uint64_t index) {
  const Value value = top();
  if (index > memo_.size()) fail(concat("memo entry ", index, " out of order: ", memo_.size(), " were stored before"));
  if (index == memo_.size()) memo_.push_back(value);
  memo_[index] = value;
}

void Machine::recall(std::uint64_t index) {
  if (index >= memo_.size()) fail(concat("memo entry ", index, " was never stored"));
  push_existing(memo_[index]);
}

bool Machine::use_memo(std::uint8_t opcode) {
  switch (opcode) {
    case kBinPut: remember(in_.u8()); return true;
    case kLongBinPut: remember(in_.u32()); return true;
    case kMemoize: remember(memo_.size()); return true;
    case kBinGet: recall(in_.u8()); return true;
    case kLongBinGet: recall(in_.u32()); return true;
    default: return false;
  }
}

void Machine::push_global(std::string_view module, std::string_view name) {
  const std::string wanted = concat(module.substr(0, kLongestGlobal), ".", name.substr(0, kLongestGlobal));
  const auto known = std::find(globals_.begin(), globals_.end(), wanted);
  if (known == globals_.end()) {
    fail(concat("the pickle names ", in_quotes(wanted), ", which no state dict needs; nothing was executed. If you trust the file,",
                " open it in PyTorch and store only its state_dict() with torch.save"));
  }
  push(PickleGlobal{*known});
}

void Machine::reduce() {
  const Value arguments = pop(), function = pop();
  const bool no_arguments = expect<PickleTuple>(arguments, "a tuple of arguments").items.empty();
  const std::string_view name = expect<PickleGlobal>(function, "a function").name;
  if (name != kOrderedDict) return push(PickleCall{function, arguments});
  if (!no_arguments) fail("an OrderedDict with arguments");
  push(PickleDict{});
}

// Attributes of a state dict (its modules' version numbers) say nothing about the tensors.
void Machine::build() {
  pop();
  expect<PickleDict>(top(), "a dictionary");
}

bool Machine::make_object(std::uint8_t opcode) {
  switch (opcode) {
    case kGlobal: {
      const std::string_view module = in_.line(kLongestGlobal);
      push_global(module, in_.line(kLongestGlobal));
      return true;
    }
    case kStackGlobal: {
      const Value name = pop(), module = pop();
      push_global(expect<std::string_view>(module, "a module's name"), expect<std::string_view>(name, "a name"));
      return true;
    }
    case kReduce: reduce(); return true;
    case kBuild: build(); return true;
    case kBinPersId: push(PicklePersistent{pop()}); return true;
    default: return false;
  }
}

PickleDocument Machine::run() {
  if (in_.remaining() > kMaxBytes) fail(concat("a pickle of ", in_.remaining(), " bytes is not a state dict"));
  for (std::uint8_t opcode = in_.u8(); opcode != kStop; opcode = in_.u8()) {
    const bool known = frame(opcode) || push_scalar(opcode) || push_text(opcode) || make_tuple(opcode) || fill_container(opcode) ||
                       use_memo(opcode) || make_object(opcode);
    if (!known) refuse_opcode(opcode);
  }
  document_.root = pop();
  if (!stack_.empty() || !marks_.empty()) fail("values are left over at its end: damaged");
  return std::move(document_);
}

}  // namespace

PickleDocument read_pickle(const std::string& where, std::string_view bytes, std::span<const std::string_view> globals) {
  return Machine(where, bytes, globals).run();
}

}  // namespace phonofilm::weights
