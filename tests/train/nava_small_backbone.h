// Dimensions of a backbone that encoded clips of a few numbers fit.
#pragma once

#include "phonofilm/families/nava/config.h"

namespace phonofilm::test {

inline nava::NavaConfig small_backbone() {
  nava::NavaConfig config;
  config.text_len = 10;
  config.text_dim = 4;
  config.spk_dim = 6;
  return config;
}

}  // namespace phonofilm::test
