#define PF_ISA avx512
#define PF_ISA_NAME "avx512"
#include "phonofilm/nn/kernels/row_kernels.h"
