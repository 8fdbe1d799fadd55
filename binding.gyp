# The one description of the native build. Sources are found by name: native/sources.cjs.
#   core          everything but the door to TypeScript, compiled once for the addon and for the tests
#   outrider      the addon: build/Release/outrider.node
#   native_tests  GoogleTest: build/Release/native_tests
# Configurations: Release; Asan (address and undefined behaviour) and Tsan, whose output stands in
# build/Asan and build/Tsan. The fuzz targets are built with these sources and flags by tools/fuzz.mjs.
{
  "variables": {
    "version%": "<!(node -p \"require('./package.json').version\")",
    "gcc%": "<!(node tools/compiler_is_gcc.cjs)",
    "has_core%": "<!(node -p \"require('./native/sources.cjs').core ? 1 : 0\")",
    "warnings": ["-Wall", "-Wextra", "-Werror"],
    "sanitize_flags": ["-O1", "-g", "-fno-omit-frame-pointer"],
  },
  "target_defaults": {
    "default_configuration": "Release",
    "include_dirs": ["native"],
    "defines": ["OUTRIDER_VERSION=\"<(version)\"", "NAPI_VERSION=9", "NODE_API_NO_EXTERNAL_BUFFERS_ALLOWED"],
    # Node's own common.gypi adds its flags before these; what it has that we do not want is taken away.
    "cflags!": ["-O3", "-Wno-unused-parameter"],
    "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-std=c++17"],
    "cflags": ["-fPIC", "-fvisibility=hidden", "<@(warnings)"],
    "cflags_cc": ["-std=c++20"],
    "configurations": {
      "Release": {
        "defines": ["NDEBUG"],
        "cflags!": ["-fno-omit-frame-pointer"],
        "cflags": ["-O2", "-g1", "-fno-plt"],
        # Fat objects: the addon links the whole program optimised, the tests link the same files at once.
        "conditions": [["gcc==1", {"cflags": ["-flto=auto", "-ffat-lto-objects"]}]],
      },
      "Asan": {
        "cflags": ["<@(sanitize_flags)", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"],
        "ldflags": ["-fsanitize=address,undefined"],
      },
      "Tsan": {
        "cflags": ["<@(sanitize_flags)", "-fsanitize=thread"],
        "ldflags": ["-fsanitize=thread"],
      },
    },
  },
  "targets": [
    {
      "target_name": "core",
      "type": "static_library",
      "conditions": [["has_core==1", {"sources": ["<!@(node -p \"require('./native/sources.cjs').core\")"]}, {"type": "none"}]],
    },
    {
      "target_name": "outrider",
      "dependencies": ["core"],
      "sources": ["<!@(node -p \"require('./native/sources.cjs').addon\")"],
      "libraries": ["-lre2"],
      "ldflags": ["-Wl,--exclude-libs,ALL", "-Wl,-z,relro,-z,now"],
      "configurations": {
        "Release": {"conditions": [["gcc==1", {"ldflags": ["-flto=auto", "-O2"]}]]},
      },
    },
    {
      "target_name": "native_tests",
      "type": "executable",
      "dependencies": ["core"],
      "sources": ["<!@(node -p \"require('./native/sources.cjs').tests\")"],
      "libraries": ["-lgtest", "-lgtest_main", "-lre2", "-lpthread"],
      "cflags!": ["-flto=auto", "-ffat-lto-objects"],
      "configurations": {
        "Release": {
          "cflags!": ["-flto=auto", "-ffat-lto-objects", "-O2"],
          "cflags": ["-O1"],
          "ldflags": ["-fno-lto"],
        },
      },
    },
  ],
}
