# Compile time is a feature: ccache when present, the fastest linker there is, no debug info in release builds.
find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The sloppiness lets ccache work together with precompiled headers.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
endif()
set(CMAKE_PCH_INSTANTIATE_TEMPLATES OFF)
add_compile_options($<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)

foreach(linker mold lld)
  find_program(PHONOFILM_LINKER_${linker} NAMES ${linker} ld.${linker})
  if(PHONOFILM_LINKER_${linker})
    add_link_options(-fuse-ld=${linker})
    break()
  endif()
endforeach()
