// The process's memory allocator.
#pragma once

namespace phonofilm {

// Tells the C library to keep freed memory instead of returning it to the system. Tensor code frees and allocates the
// same large blocks again and again; without this a fifth of a training step is spent on page faults. Call it once,
// at the start of a program (libraries do not).
void keep_freed_memory();

}  // namespace phonofilm
