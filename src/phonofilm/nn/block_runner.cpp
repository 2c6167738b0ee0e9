#include "phonofilm/nn/block_runner.h"

#include "phonofilm/base/error.h"

namespace phonofilm::nn {

BlockState ObservedRunner::run(std::int64_t index, const BlockFn& block, const BlockState& state) const {
  BlockState after = inner_.run(index, block, state);
  const bool go_on = observer_({stage_, index + 1, total_});
  if (!go_on) throw Cancelled(stage_, "stopped by the user");
  return after;
}

}  // namespace phonofilm::nn
