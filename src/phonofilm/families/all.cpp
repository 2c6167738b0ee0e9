#include "phonofilm/families/nava/family.h"
#include "phonofilm/families/ovi/family.h"
#include "phonofilm/families/registry.h"

namespace phonofilm::families {

const std::vector<Family>& all_families() {
  static const std::vector<Family> families{
      nava::small_family(),
      nava::published_family(),
      ovi::family(),
  };
  return families;
}

}  // namespace phonofilm::families
