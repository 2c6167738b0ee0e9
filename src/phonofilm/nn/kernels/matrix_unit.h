// The matrix unit (AMX) of Intel processors since Sapphire Rapids.
#pragma once

namespace phonofilm::nn::kernels {

// Whether this processor has the unit, the operating system lets this process use it, and the kernels for it were
// compiled. Without it, the functions of
// attention.h must not be called.
bool matrix_unit_available();

bool compiled_for_matrix_unit();  // defined beside the kernels

}  // namespace phonofilm::nn::kernels
