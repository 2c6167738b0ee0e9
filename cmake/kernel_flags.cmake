# Flags of single files. The CPU kernels are compiled once for each instruction set and chosen at run time, so that one
# program runs on any x86-64 processor and still uses AVX-512. None of these files can share the precompiled header.
find_package(OpenMP REQUIRED COMPONENTS CXX)

set(_nn ${PROJECT_SOURCE_DIR}/src/phonofilm/nn)
set(_flags_generic -O2)
set(_flags_avx2 -O2)
set(_flags_avx512 -O2)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  list(APPEND _flags_avx2 -mavx2 -mfma)
  list(APPEND _flags_avx512 -mavx512f -mavx512bw -mavx512vl -mavx512dq -mfma -mprefer-vector-width=512
       -Wno-maybe-uninitialized)  # false alarms inside GCC 12's own avx512fintrin.h
endif()
set(_flags_amx -O2)
include(CheckCXXCompilerFlag)
check_cxx_compiler_flag(-mamx-bf16 PHONOFILM_COMPILES_AMX)
if(PHONOFILM_COMPILES_AMX)
  set(_flags_amx ${_flags_avx512} -mavx512bf16 -mamx-tile -mamx-bf16)
endif()
set_source_files_properties(${_nn}/kernels/attention_amx.cpp PROPERTIES
  SKIP_PRECOMPILE_HEADERS ON COMPILE_OPTIONS "${_flags_amx}")
foreach(_isa generic avx2 avx512)
  set_source_files_properties(${_nn}/kernels/rows_${_isa}.cpp PROPERTIES
    SKIP_PRECOMPILE_HEADERS ON COMPILE_OPTIONS "${_flags_${_isa}}")
endforeach()
set_source_files_properties(${_nn}/kernels/rows.cpp ${_nn}/kernels/matrix_unit.cpp ${_nn}/fused_autograd.cpp PROPERTIES
  SKIP_PRECOMPILE_HEADERS ON)
set_source_files_properties(${_nn}/fused_rows.cpp ${_nn}/fused_products.cpp ${_nn}/look_up.cpp PROPERTIES
  SKIP_PRECOMPILE_HEADERS ON COMPILE_OPTIONS "${OpenMP_CXX_FLAGS}")
# The vocoder's activation holds its own clones for each instruction set.
set_source_files_properties(${PROJECT_SOURCE_DIR}/src/phonofilm/vocoders/bigvgan/fused_snake.cpp PROPERTIES
  SKIP_PRECOMPILE_HEADERS ON COMPILE_OPTIONS "${OpenMP_CXX_FLAGS}")
target_link_options(phonofilm_core PUBLIC ${OpenMP_CXX_FLAGS})
