# Finds LibTorch without Torch's own CMake files, which demand a CUDA toolkit.
#
# Looks, in order, at PHONOFILM_TORCH, Torch_DIR (both as cache or environment variables; a folder that holds
# include/ and lib/, or anything below it) and at .deps/libtorch, where scripts/setup.sh unpacks the wheel.
# Defines the target phonofilm::torch and LIBTORCH_VERSION.

set(_torch_hints ${PHONOFILM_TORCH} $ENV{PHONOFILM_TORCH} ${Torch_DIR} $ENV{Torch_DIR}
    ${CMAKE_CURRENT_SOURCE_DIR}/.deps/libtorch/torch)
find_path(LIBTORCH_INCLUDE_DIR ATen/core/Tensor.h HINTS ${_torch_hints}
          PATH_SUFFIXES include ../../../include torch/include NO_DEFAULT_PATH)
get_filename_component(LIBTORCH_ROOT "${LIBTORCH_INCLUDE_DIR}" DIRECTORY)
find_library(LIBTORCH_CPU torch_cpu HINTS ${LIBTORCH_ROOT}/lib NO_DEFAULT_PATH)
find_library(LIBTORCH_C10 c10 HINTS ${LIBTORCH_ROOT}/lib NO_DEFAULT_PATH)

foreach(_file torch/headeronly/version.h torch/csrc/api/include/torch/version.h)
  if(EXISTS "${LIBTORCH_INCLUDE_DIR}/${_file}" AND NOT LIBTORCH_VERSION)
    file(STRINGS "${LIBTORCH_INCLUDE_DIR}/${_file}" _lines REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) [0-9]+")
    string(REGEX REPLACE "[^0-9;]+" "" _numbers "${_lines}")
    string(REPLACE ";" "." LIBTORCH_VERSION "${_numbers}")
  endif()
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch REQUIRED_VARS LIBTORCH_CPU LIBTORCH_C10 LIBTORCH_INCLUDE_DIR
  VERSION_VAR LIBTORCH_VERSION
  FAIL_MESSAGE "LibTorch not found: run scripts/setup.sh, or set PHONOFILM_TORCH to a folder with include/ and lib/")

# Sonames of the CUDA runtime that a CUDA-built libtorch_cpu asks for even when only its CPU half is used.
file(GLOB _torch_cuda_dirs ${LIBTORCH_ROOT}/../nvidia/*/lib ${LIBTORCH_ROOT}/../nvidia/*/*/lib)

add_library(phonofilm::torch INTERFACE IMPORTED)
target_include_directories(phonofilm::torch SYSTEM INTERFACE
  ${LIBTORCH_INCLUDE_DIR} ${LIBTORCH_INCLUDE_DIR}/torch/csrc/api/include)
target_link_libraries(phonofilm::torch INTERFACE ${LIBTORCH_CPU} ${LIBTORCH_C10})
set(_torch_link_options "LINKER:--no-as-needed")
foreach(_dir ${_torch_cuda_dirs})  # when it runs, libtorch_cpu finds them by itself
  list(APPEND _torch_link_options "LINKER:-rpath-link,${_dir}")
endforeach()

if(PHONOFILM_CUDA)
  foreach(_lib torch_cuda c10_cuda)
    find_library(LIBTORCH_${_lib} ${_lib} HINTS ${LIBTORCH_ROOT}/lib NO_DEFAULT_PATH REQUIRED)
    target_link_libraries(phonofilm::torch INTERFACE ${LIBTORCH_${_lib}})
  endforeach()
endif()
target_link_options(phonofilm::torch INTERFACE ${_torch_link_options})
