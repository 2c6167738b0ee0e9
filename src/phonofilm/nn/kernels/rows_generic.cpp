#define PF_ISA generic
#define PF_ISA_NAME "generic"
#include "phonofilm/nn/kernels/row_kernels.h"
