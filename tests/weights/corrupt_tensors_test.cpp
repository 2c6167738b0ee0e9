#include <limits>

#include "phonofilm/weights/torch_archive.h"
#include "weights/archive_builder.h"
#include "weights/corrupt_files.h"

using namespace phonofilm;
using namespace phonofilm::test;
using namespace phonofilm::test::pickle;

namespace {

const std::string kData(24, '\x01');
const std::string kTensor = tensor(storage({}), 0, {2, 3}, {3, 1});

std::string in_archive(const std::string& body) { return archive(whole(body), kData); }
std::string of_tensor(const std::string& value) { return in_archive(kEmptyDict + entry("layer.w", value)); }
std::string rebuild(const std::string& arguments) { return of_tensor(call("torch._utils", "_rebuild_tensor_v2", arguments)); }
const std::string kHooks = kFalse + kOrderedDict;

void add_layouts(Faults& faults) {
  constexpr std::int64_t kHuge = std::int64_t{1} << 62, kMost = std::numeric_limits<std::int64_t>::max();
  struct Layout {
    const char* message;
    std::int64_t offset;
    std::vector<std::int64_t> shape, strides;
  };
  const char *beyond = "reaches beyond its storage of 6 elements", *impossible = "impossible shape", *repeats = "repeats the 6 elements";
  const Layout layouts[] = {
      {beyond, 0, {7}, {1}}, {beyond, 1, {6}, {1}}, {beyond, 6, {1}, {1}}, {beyond, 6, {}, {}}, {beyond, 7, {0}, {1}}, {beyond, 0, {2, 3}, {4, 1}},
      {beyond, 0, {2}, {6}}, {beyond, 0, {3}, {kMost}}, {beyond, 0, {2}, {kMost}}, {beyond, kMost, {1}, {1}}, {beyond, kMost, {2}, {kMost}},
      {beyond, kMost, {3}, {kMost}}, {beyond, kMost, {2, 2, 2}, {kMost, 1, 1}}, {beyond, 1, {2, 2, 2}, {kMost, kMost, kMost}},
      {beyond, 0, {3, 2}, {kHuge, kHuge}}, {impossible, 0, {kHuge, 4}, {0, 0}}, {impossible, 0, {kMost}, {0}}, {impossible, 0, {kHuge, 0, 8}, {1, 1, 1}},
      {impossible, 0, std::vector<std::int64_t>(17, 1), std::vector<std::int64_t>(17, 1)}, {repeats, 0, {7}, {0}},
      {repeats, 0, {1 << 30, 1 << 20}, {0, 0}}, {repeats, 0, {2, 6}, {0, 1}}, {repeats, 0, {4, 3}, {1, 1}},
      {"impossible strides", 0, {6}, {}}, {"impossible strides", 0, {6}, {1, 1}}, {"impossible strides", 0, {}, {1}},
      {"a shape is -1", 0, {-1}, {1}}, {"strides is -1", 5, {6}, {-1}}, {"an offset is -1", -1, {2}, {1}}};
  for (const Layout& layout : layouts) {
    faults.push_back({"layout", of_tensor(tensor(storage({}), layout.offset, layout.shape, layout.strides)), layout.message});
  }
}

void add_storages(Faults& faults) {
  for (const std::int64_t elements : {std::int64_t{0}, std::int64_t{5}, std::int64_t{7}, std::int64_t{1} << 40}) {
    faults.push_back({"storage size", of_tensor(tensor(storage({.elements = elements}), 0, {1}, {1})), "the archive holds 24"});
  }
  faults.push_back({"storage size", of_tensor(tensor(storage({.elements = std::int64_t{1} << 62}), 0, {1}, {1})), "storage: impossible shape"});
  faults.push_back({"storage size", of_tensor(tensor(storage({.elements = -1}), 0, {1}, {1})), "a storage's size is -1"});
  for (const char* name : {"DoubleStorage", "HalfStorage", "BoolStorage", "ComplexDoubleStorage"}) {
    faults.push_back({"wrong dtype", of_tensor(tensor(storage({.class_name = name}), 0, {1}, {1})), "the archive holds 24"});
  }
  faults.push_back({"wrong dtype", of_tensor(tensor(storage({.class_name = "Size"}), 0, {1}, {1})), "torch.Size where a dtype or storage class belongs"});
  for (const char* key : {"1", "", "../data/0", "00", "0/"}) {
    faults.push_back({"storage key", of_tensor(tensor(storage({.key = key}), 0, {6}, {1})), "is not in the archive"});
  }
  const std::string untyped = tuple(text("storage") + global("torch.storage", "UntypedStorage") + text("0") + text("cpu") + number(24)) + "Q";
  faults.push_back({"untyped", of_tensor(tensor(untyped, 0, {24}, {1})), "does not go with"});
  const std::string v3 = numbers({1}) + numbers({1}) + kHooks;
  faults.push_back({"typed", of_tensor(call("torch._utils", "_rebuild_tensor_v3", storage({}) + number(0) + v3 + global("torch", "float32"))), "does not go with"});
  faults.push_back({"dtype", of_tensor(call("torch._utils", "_rebuild_tensor_v3", untyped + number(0) + v3 + text("float32"))), "expected a dtype"});
  faults.push_back({"dtype", of_tensor(call("torch._utils", "_rebuild_tensor_v3", untyped + number(0) + v3 + global("torch", "Size"))), "where a dtype or storage"});
}

void add_arguments(Faults& faults) {
  const std::string head = storage({}) + number(0), sizes = numbers({6}) + numbers({1});
  for (const std::string& arguments : {std::string(), head, head + sizes, head + sizes + kHooks + kNone + kNone}) {
    faults.push_back({"arguments", rebuild(arguments), "a tensor described by"});
  }
  faults.push_back({"arguments", rebuild(text("0") + number(0) + sizes + kHooks), "expected a storage"});
  faults.push_back({"arguments", rebuild(storage({}) + text("0") + sizes + kHooks), "expected an offset"});
  faults.push_back({"arguments", rebuild(head + number(6) + numbers({1}) + kHooks), "expected a shape"});
  faults.push_back({"arguments", rebuild(head + tuple(text("6")) + numbers({1}) + kHooks), "expected a shape"});
  faults.push_back({"arguments", rebuild(head + numbers({6}) + kNone + kHooks), "expected strides"});
  faults.push_back({"conjugated", rebuild(head + sizes + kHooks + kEmptyDict + entry("conj", kTrue)), "conjugated or negated view"});
  for (const std::string& id : {tuple(""), tuple(text("storage")), number(0), tuple(text("module") + kNone + kNone + kNone + kNone)}) {
    faults.push_back({"persistent id", rebuild(id + "Q" + number(0) + sizes + kHooks), "malformed in the pickle"});
  }
  const auto parameter = [](const std::string& arguments) { return of_tensor(call("torch._utils", "_rebuild_parameter", arguments)); };
  const std::string wrapped = call("torch._utils", "_rebuild_parameter", kTensor + kHooks);
  for (const std::string& arguments : {std::string(), kTensor, kNone + kHooks, wrapped + kHooks, kEmptyDict + kHooks}) {
    faults.push_back({"parameter", parameter(arguments), "a parameter without its tensor"});
  }
}

// Tensors and parameters that carry Python attributes.
void add_attributes(Faults& faults) {
  const std::string plain = global("torch._utils", "_rebuild_tensor_v2"), type = global("torch", "Tensor"), state = kEmptyDict;
  const std::string description = tuple(storage({}) + number(0) + numbers({6}) + numbers({1}) + kHooks);
  const auto typed = [](const std::string& arguments) { return of_tensor(call("torch._tensor", "_rebuild_from_type_v2", arguments)); };
  for (const std::string& arguments : {std::string(), plain, plain + type + description, plain + type + description + state + state}) {
    faults.push_back({"attributes", typed(arguments), "a tensor with attributes described by"});
  }
  faults.push_back({"attributes", typed(text("eval") + type + description + state), "expected the function that rebuilds the tensor"});
  faults.push_back({"attributes", typed(type + type + description + state), "torch.Tensor where a plain tensor is rebuilt"});
  faults.push_back({"attributes", typed(global("torch._tensor", "_rebuild_from_type_v2") + type + description + state), "where a plain tensor is rebuilt"});
  faults.push_back({"attributes", typed(plain + text("torch.Tensor") + description + state), "expected a tensor's class"});
  faults.push_back({"attributes", typed(plain + global("torch", "Size") + description + state), "is of the class torch.Size; only plain tensors"});
  faults.push_back({"attributes", typed(plain + type + number(3) + state), "expected a tensor's description"});
  faults.push_back({"attributes", typed(plain + type + tuple("") + state), "a tensor described by 0 values"});
  faults.push_back({"attributes", typed(plain + global("torch.nn.parameter", "UninitializedParameter") + description + state), "nothing was executed"});
  faults.push_back({"attributes", typed(plain + type + description + call("os", "system", text("true"))), "nothing was executed"});
  const auto parameter = [](const std::string& arguments) { return of_tensor(call("torch._utils", "_rebuild_parameter_with_state", arguments)); };
  for (const std::string& arguments : {std::string(), kTensor + kHooks, kNone + kHooks + state, kTensor + kHooks + state + state}) {
    faults.push_back({"attributes of a parameter", parameter(arguments), "a parameter without its tensor"});
  }
}

}  // namespace

TEST_CASE("corrupt files: impossible tensors in good archives") {
  Faults faults;
  add_layouts(faults);
  add_storages(faults);
  add_arguments(faults);
  add_attributes(faults);
  CHECK(check_refused(faults, [](const std::string& path) { weights::TorchArchive::open(path); }) >= 60);
}
