# phonofilm_web_assets(target): compiles the files of web/ into a target as data (server/web_assets.h).
#
# Run as a script (cmake -DFOLDER=... -DOUTPUT=... -P web_assets.cmake) this file writes the source with their bytes.
if(NOT CMAKE_SCRIPT_MODE_FILE)
  function(phonofilm_web_assets target)
    file(GLOB_RECURSE files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/web/*)
    set(output ${PROJECT_BINARY_DIR}/web_assets.cpp)
    set(script ${PROJECT_SOURCE_DIR}/cmake/web_assets.cmake)
    add_custom_command(OUTPUT ${output} DEPENDS ${files} ${script} VERBATIM COMMENT "Embedding web/"
      COMMAND ${CMAKE_COMMAND} -DFOLDER=${PROJECT_SOURCE_DIR}/web -DOUTPUT=${output} -P ${script})
    target_sources(${target} PRIVATE ${output})
  endfunction()
  return()
endif()

file(GLOB_RECURSE paths RELATIVE ${FOLDER} ${FOLDER}/*)
list(SORT paths COMPARE STRING)
set(index 0)
set(arrays "")
set(entries "")
foreach(path ${paths})
  file(READ ${FOLDER}/${path} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(APPEND arrays "constexpr unsigned char kBytes${index}[] = {${bytes}0};\n")
  string(APPEND entries "    {\"${path}\", bytes(kBytes${index}, sizeof kBytes${index})},\n")
  math(EXPR index "${index} + 1")
endforeach()
string(CONCAT source
  "// Made by cmake/web_assets.cmake from the files of web/.\n"
  "#include \"phonofilm/server/web_assets.h\"\n\n"
  "namespace phonofilm::server {\nnamespace {\n\n"
  "// Without the zero behind the bytes, which lets an empty file have an array.\n"
  "std::string_view bytes(const unsigned char* data, std::size_t size) {\n"
  "  return {reinterpret_cast<const char*>(data), size - 1};\n}\n\n"
  "${arrays}\n}  // namespace\n\n"
  "std::span<const WebAsset> web_assets() {\n  static const WebAsset files[] = {\n${entries}  };\n  return files;\n}\n\n"
  "}  // namespace phonofilm::server\n")
file(WRITE ${OUTPUT} "${source}")
