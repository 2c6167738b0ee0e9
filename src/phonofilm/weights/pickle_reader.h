// Reads the pickles of PyTorch checkpoints without running them.
//
// Pickle is a language for a small stack machine with instructions that import and call whatever the file names. This
// reader knows only the opcodes that a dictionary of tensors needs (protocols 2 to 5, as torch.save writes them), accepts
// only globals of a list, and records calls as data (pickle_value.h).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "phonofilm/weights/pickle_value.h"

namespace phonofilm::weights {

// `globals`: dotted names that may appear; they must outlive the document, as must `bytes`.
// Throws CheckpointError, beginning with `where` and the byte, for any other global or opcode, a pickle that ends too soon,
// uses its stack or memo wrongly, or exceeds the limits on its size (64 MB), values (4 million) and depth.
PickleDocument read_pickle(const std::string& where, std::string_view bytes, std::span<const std::string_view> globals);

}  // namespace phonofilm::weights
