#include "phonofilm/base/memory.h"

#include <malloc.h>

#include <climits>

namespace phonofilm {

void keep_freed_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_MAX, 0);  // large blocks come from the heap too (the threshold itself cannot be set above 32 MB)
  mallopt(M_ARENA_MAX, 1);  // one heap: a thread's own arena cannot hold blocks above 64 MB
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  mallopt(M_TOP_PAD, 64 << 20);
#endif
}

}  // namespace phonofilm
