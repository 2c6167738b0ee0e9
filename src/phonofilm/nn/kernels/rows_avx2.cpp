#define PF_ISA avx2
#define PF_ISA_NAME "avx2"
#include "phonofilm/nn/kernels/row_kernels.h"
