# The library phonofilm_web_assets: the files of web/ as data (server/web_assets.h).
#
# Run as a script (cmake -DFOLDER=... -DOUTPUT=... -P web_assets.cmake) this file writes the source with their bytes.
if(NOT CMAKE_SCRIPT_MODE_FILE)
  file(GLOB_RECURSE web_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/web/*)
  set(web_assets_source ${PROJECT_BINARY_DIR}/web_assets.cpp)
  add_custom_command(OUTPUT ${web_assets_source} DEPENDS ${web_files} ${CMAKE_CURRENT_LIST_FILE} VERBATIM
    COMMENT "Embedding web/" COMMAND ${CMAKE_COMMAND} -DFOLDER=${PROJECT_SOURCE_DIR}/web -DOUTPUT=${web_assets_source}
                                     -P ${CMAKE_CURRENT_LIST_FILE})
  add_library(phonofilm_web_assets STATIC ${web_assets_source})
  target_include_directories(phonofilm_web_assets PUBLIC ${PROJECT_SOURCE_DIR}/src)
  phonofilm_flags(phonofilm_web_assets)
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
