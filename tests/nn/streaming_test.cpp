// Weights that come and go: the streaming runner, what it asks of a transfer, and the choice of a memory plan.
#include "phonofilm/nn/streaming_runner.h"

#include <chrono>
#include <condition_variable>
#include <thread>

#include "phonofilm/base/error.h"
#include "phonofilm/nn/layers.h"
#include "phonofilm/nn/memory_plan.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "support/support.h"

namespace phonofilm::nn {
namespace {

constexpr std::int64_t kBlocks = 5, kWidth = 12;

// A stack of residual layers, of differing sizes and dtypes, some in 8 bits, and a head that stays.
struct Net : Module {
  struct Block : Module {
    Linear up, down;
    Block(Module& parent, const std::string& name, std::int64_t hidden)
        : Module(parent, name), up(*this, "up", kWidth, hidden), down(*this, "down", hidden, kWidth) {}
    Tensor forward(const Tensor& x) const { return x + down.forward(at::relu(up.forward(x, {})), {}); }
  };
  std::vector<std::unique_ptr<Block>> blocks;
  Linear head{*this, "head", kWidth, 3};

  Net() {
    for (std::int64_t i = 0; i < kBlocks; ++i) {
      blocks.push_back(std::make_unique<Block>(*this, "blocks." + std::to_string(i), 8 + 4 * i));
    }
    initialise(1);
    std::map<std::string, Tensor> tensors = state_dict();
    tensors["blocks.1.up.weight"] = tensors["blocks.1.up.weight"].to(at::kBFloat16);
    for (const char* name : {"blocks.2.up", "blocks.2.down"}) {
      const Stored q = quantise_int8(tensors[std::string(name) + ".weight"], name);
      tensors[std::string(name) + ".weight"] = q.values;
      tensors[std::string(name) + ".scale_weight"] = q.scale;
    }
    load(tensors, "net", "", kStoredDtype);
  }
  BlockModules modules() const {
    BlockModules all;
    for (const auto& block : blocks) all.push_back({block.get()});
    return all;
  }
  BlockState run_block(const BlockRunner& runner, std::int64_t i, const BlockState& state) const {
    return runner.run(i, [&](const BlockState& s) { return BlockState{blocks[std::size_t(i)]->forward(s[0])}; }, state);
  }
  Tensor forward(const Tensor& x, const BlockRunner& runner, const std::vector<std::int64_t>& order = {0, 1, 2, 3, 4}) const {
    BlockState state{x};
    for (const std::int64_t i : order) state = run_block(runner, i, state);
    return head.forward(state[0], {});
  }
};

// Copies like the CPU's transfer, and tells a test what happens.
class Watched : public Transfer {
 public:
  struct Log {
    std::mutex mutex;
    std::vector<std::string> events;
    std::vector<std::int64_t> fills;  // the blocks, told apart by the rows of their first matrix
    std::vector<char> reading;        // per buffer: between acquire and release
    int fail_after = -1;              // fills that succeed before one fails
    bool broken = false;              // a buffer was written while it was read, or never filled
    std::vector<bool> filled;
  };
  explicit Watched(Log& log, std::size_t buffers) : log_(log), inner_(make_transfer(at::kCPU, buffers)) {
    log.reading.assign(buffers, 0);
    log.filled.assign(buffers, false);
  }
  at::Device device() const override { return at::kCPU; }
  Tensor home(const Tensor& source) override { return source; }
  void fill(std::size_t index, const std::vector<Tensor>& to, const std::vector<Tensor>& from) override {
    {
      const std::lock_guard lock(log_.mutex);
      log_.fills.push_back((from[0].size(0) - 8) / 4);
      log_.broken |= log_.reading[index] != 0;
      if (log_.fail_after-- == 0) throw ResourceError("test", "the disk is gone");
      log_.filled[index] = true;
    }
    inner_->fill(index, to, from);
  }
  void acquire(std::size_t index) override {
    const std::lock_guard lock(log_.mutex);
    log_.broken |= !log_.filled[index];
    log_.reading[index] = 1;
  }
  void release(std::size_t index) override {
    const std::lock_guard lock(log_.mutex);
    log_.reading[index] = 0;
  }

 private:
  Log& log_;
  std::unique_ptr<Transfer> inner_;
};

struct Fixture {
  c10::InferenceMode guard;
  Net net;
  Tensor x = randn({7, kWidth}, make_generator(2));
  Tensor expected = net.forward(x, PlainRunner());
  std::vector<Tensor> before = net.values();
  Watched::Log log;

  StreamingRunner runner(std::size_t buffers = 2) {
    return StreamingRunner(net.modules(), std::make_unique<Watched>(log, buffers), buffers);
  }
  void expect_at_home() const {
    const std::vector<Tensor> now = net.values();
    for (std::size_t i = 0; i < now.size(); ++i) CHECK(now[i].is_same(before[i]));
  }
};

TEST_CASE_FIXTURE(Fixture, "streaming: bit-identical to the resident run, pass after pass, with two buffers or more") {
  for (const std::size_t buffers : {2, 3, 7}) {
    const StreamingRunner streaming = runner(buffers);
    for (int pass = 0; pass < 4; ++pass) CHECK(at::equal(net.forward(x, streaming), expected));
    CHECK_FALSE(log.broken);
    expect_at_home();
  }
}

TEST_CASE_FIXTURE(Fixture, "streaming: every block is fetched once a pass, and the next pass's first ahead") {
  {
    const StreamingRunner streaming = runner();
    net.forward(x, streaming);
    net.forward(x, streaming);
  }
  CHECK(log.fills == std::vector<std::int64_t>{0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0});
}

TEST_CASE_FIXTURE(Fixture, "streaming: blocks that a pass skips are not fetched if it is announced") {
  const std::vector<std::int64_t> order{0, 1, 3, 4};
  const Tensor skipped = net.forward(x, PlainRunner(), order);
  {
    const StreamingRunner streaming = runner();
    streaming.announce(order);
    CHECK(at::equal(net.forward(x, streaming, order), skipped));
  }
  CHECK(log.fills == std::vector<std::int64_t>{0, 1, 3, 4, 0});
}

TEST_CASE_FIXTURE(Fixture, "streaming: any order is right, announced or not") {
  const std::vector<std::int64_t> order{4, 0, 0, 3, 1, 1, 2, 0};
  const Tensor shuffled = net.forward(x, PlainRunner(), order);
  const StreamingRunner streaming = runner();
  CHECK(at::equal(net.forward(x, streaming, order), shuffled));
  streaming.announce({2, 1});
  CHECK(at::equal(net.forward(x, streaming, order), shuffled));
  CHECK_FALSE(log.broken);
  CHECK_THROWS_AS(net.run_block(streaming, -1, {x}), InvalidRequest);
}

TEST_CASE_FIXTURE(Fixture, "streaming: a fetch that fails is the error of the block that needs it, and may be tried again") {
  const StreamingRunner streaming = runner();
  log.fail_after = 2;  // the third fill: block 2, fetched while block 1 computes
  BlockState state = net.run_block(streaming, 0, {x});
  state = net.run_block(streaming, 1, state);
  CHECK_THROWS_AS(net.run_block(streaming, 2, state), ResourceError);
  expect_at_home();
  CHECK(at::equal(net.forward(x, streaming), expected));
}

TEST_CASE_FIXTURE(Fixture, "streaming: a block that throws leaves everything in order") {
  const StreamingRunner streaming = runner();
  const BlockFn failing = [](const BlockState&) -> BlockState { throw ShapeError("test", "a block failed"); };
  for (const std::int64_t i : {0, 1, 3}) {
    CHECK_THROWS_AS(streaming.run(i, failing, {x}), ShapeError);
    expect_at_home();
  }
  CHECK(at::equal(net.forward(x, streaming), expected));
}

TEST_CASE_FIXTURE(Fixture, "streaming: passes of several threads do not disturb each other") {
  const StreamingRunner streaming = runner();
  std::vector<int> right(3, 0);
  std::vector<std::thread> threads;
  for (int& count : right) {
    threads.emplace_back([&] {
      const c10::InferenceMode inference;
      for (int pass = 0; pass < 20; ++pass) count += at::equal(net.forward(x, streaming), expected);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == std::vector<int>{20, 20, 20});
  CHECK_FALSE(log.broken);
}

TEST_CASE_FIXTURE(Fixture, "streaming: the next block is fetched while one computes") {
  const StreamingRunner streaming = runner();
  const auto waits_for_fetch = [&](const BlockState& s) {
    for (int i = 0; i < 2000; ++i) {  // up to 20 s; a runner that fetches between blocks never gets there
      {
        const std::lock_guard lock(log.mutex);
        if (log.fills.size() == 2) return BlockState{s[0] + 1};
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return s;
  };
  CHECK(at::equal(streaming.run(0, waits_for_fetch, {x})[0], x + 1));
}

TEST_CASE("streaming: weights made under autograd, run without, and the other way round") {
  Net net;
  const Tensor x = randn({7, kWidth}, make_generator(2));
  const StreamingRunner streaming(net.modules(), make_transfer(at::kCPU, 2));
  const Tensor y = net.forward(x, streaming);
  const c10::InferenceMode guard;
  CHECK(at::equal(net.forward(x, streaming), y));
  CHECK_THROWS_AS(StreamingRunner(net.modules(), make_transfer(at::kCPU, 1), 1), InvalidRequest);
}

TEST_CASE("module: bind takes the same weights elsewhere, and nothing else") {
  Net net;
  std::vector<Tensor> values = net.values();
  CHECK(values.size() == std::size_t(kBlocks) * 4 + 2 + 2);  // and two scales
  std::vector<Tensor> elsewhere;
  for (const Tensor& value : values) elsewhere.push_back(value.clone());
  net.bind(elsewhere);
  CHECK(net.values()[5].is_same(elsewhere[5]));
  elsewhere.pop_back();
  CHECK_THROWS_AS(net.bind(elsewhere), ShapeError);
  elsewhere.push_back(values.back().to(at::kHalf));
  CHECK_THROWS_AS(net.bind(elsewhere), ShapeError);
  elsewhere.back() = at::zeros({4}, at::kFloat);
  CHECK_THROWS_AS(net.bind(elsewhere), ShapeError);
  CHECK_FALSE(net.values().back().is_same(elsewhere.back()));
}

// Six blocks of a matrix of 1 MiB and a bias of 4 KiB each, and a head of 8 KiB and 8 bytes.
struct Large : Module {
  std::vector<std::unique_ptr<Linear>> blocks;
  Linear head{*this, "head", 1024, 2};
  Large() {
    for (int i = 0; i < 6; ++i) blocks.push_back(std::make_unique<Linear>(*this, std::to_string(i), 256, 1024));
    initialise(1);
  }
  BlockModules modules() {
    BlockModules all;
    for (const auto& block : blocks) all.push_back({block.get()});
    return all;
  }
};

TEST_CASE("memory plan: the arithmetic") {
  Large net;
  constexpr std::uint64_t kBlock = (1 << 20) + 4096, kHead = 8192 + 8;
  const MemoryPlan resident = resident_plan(net), stream = stream_plan(net, net.modules(), 3);
  CHECK(resident.on_device() == 6 * kBlock + kHead);
  CHECK(resident.streamed + resident.buffers == 0);
  CHECK(stream.resident == kHead);
  CHECK(stream.streamed == 6 * kBlock);
  CHECK(stream.buffers == 3 * kBlock);
  CHECK(stream.on_device() == 3 * kBlock + kHead);
}

TEST_CASE("memory plan: automatic streams only where resident does not fit") {
  Large net;
  const at::Device gpu(at::kCUDA, 0);
  const std::uint64_t reserve = 1000, all = resident_plan(net).on_device() + reserve;
  const std::uint64_t least = stream_plan(net, net.modules(), 2).on_device() + reserve;
  const auto choose = [&](MemoryMode mode, at::Device device, std::uint64_t free) {
    return choose_plan(net, net.modules(), {.mode = mode, .device = device, .reserve = reserve}, free).mode;
  };
  CHECK((choose(MemoryMode::automatic, gpu, all) == MemoryMode::resident));
  CHECK((choose(MemoryMode::automatic, gpu, all - 1) == MemoryMode::stream));
  CHECK((choose(MemoryMode::automatic, gpu, least) == MemoryMode::stream));
  CHECK_THROWS_WITH_AS(choose(MemoryMode::automatic, gpu, least - 1), doctest::Contains("cuda:0 has 2.1 MB free"),
                       ResourceError);
  CHECK_THROWS_AS(choose(MemoryMode::automatic, gpu, 500), ResourceError);  // less than the reserve
  CHECK((choose(MemoryMode::resident, gpu, 0) == MemoryMode::resident));    // what is asked for is tried
  CHECK((choose(MemoryMode::stream, gpu, all) == MemoryMode::stream));
  CHECK((choose(MemoryMode::stream, at::kCPU, all) == MemoryMode::stream));
  CHECK((choose(MemoryMode::automatic, at::kCPU, 0) == MemoryMode::resident));
}

TEST_CASE("memory plan: names and words") {
  CHECK((parse_memory_mode("auto") == MemoryMode::automatic));
  CHECK((parse_memory_mode("resident") == MemoryMode::resident));
  CHECK((parse_memory_mode("stream") == MemoryMode::stream));
  CHECK_THROWS_WITH_AS(parse_memory_mode("streaming"), doctest::Contains("stream"), InvalidRequest);
  CHECK(describe({MemoryMode::resident, 21'700'000'000, 0, 0}) == "21.7 GB of weights on the device");
  CHECK(describe({MemoryMode::stream, 1'000'000'000, 20'000'000'000, 1'500'000'000}) ==
        "1.0 GB of weights on the device, 1.5 GB of buffers, 20.0 GB streamed in every pass");
}

TEST_CASE("memory plan: placing a model makes the runner that its plan needs") {
  const c10::InferenceMode guard;
  Net net;
  const Tensor x = randn({7, kWidth}, make_generator(2)), y = net.forward(x, PlainRunner());
  const Placement mapped = place_weights(net, net.modules(), {});
  CHECK((mapped.plan.mode == MemoryMode::resident));
  CHECK(at::equal(net.forward(x, *mapped.runner), y));
  const Placement streamed = place_weights(net, net.modules(), {.mode = MemoryMode::stream});
  CHECK(dynamic_cast<const StreamingRunner*>(streamed.runner.get()) != nullptr);
  CHECK(at::equal(net.forward(x, *streamed.runner), y));
}

}  // namespace
}  // namespace phonofilm::nn
