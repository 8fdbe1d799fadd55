# The one description of the native build. Sources are found by name: native/sources.cjs.
#   core          everything but the door to TypeScript, compiled once for the addon and for the tests
#   outrider      the addon: build/Release/outrider.node
#   native_tests  GoogleTest: build/Release/native_tests
# Configurations: Release; Profile (counts how often what runs, for Release: tools/profile.mjs); Asan (address and undefined behaviour), Tsan, and Fuzz (Asan's with coverage, clang
# only), each in its folder of build/. tools/fuzz.mjs links a fuzzer for each *_fuzz.cc to core of Fuzz.
{
  "variables": {
    "version%": "<!(node -p \"require('./package.json').version\")",
    "gcc%": "<!(node tools/compiler_is_gcc.cjs)",
    "has_core%": "<!(node -p \"require('./native/sources.cjs').core ? 1 : 0\")",
    "warnings": ["-Wall", "-Wextra", "-Werror"],
    "use_profile": ["-fprofile-use", "-fprofile-partial-training", "-fprofile-correction", "-Wno-missing-profile", "-Wno-stringop-overflow", "-Wno-array-bounds", "-Wno-maybe-uninitialized", "-Wno-coverage-mismatch"],
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
        # The profile of Profile's runs, where tools/profile.mjs has left one beside the objects.
        "conditions": [["gcc==1", {"cflags": ["-flto=auto", "-ffat-lto-objects", "<@(use_profile)"]}]],
      },
      "Profile": {
        "defines": ["NDEBUG"],
        "cflags!": ["-fno-omit-frame-pointer"],
        "cflags": ["-O2", "-g0", "-fno-plt", "-fprofile-generate", "-fprofile-update=single"],
        "ldflags": ["-fprofile-generate"],
      },
      "Asan": {
        "cflags": ["<@(sanitize_flags)", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"],
        "ldflags": ["-fsanitize=address,undefined"],
      },
      "Tsan": {
        "cflags": ["<@(sanitize_flags)", "-fsanitize=thread"],
        "ldflags": ["-fsanitize=thread"],
      },
      "Fuzz": {
        "cflags": ["<@(sanitize_flags)", "-fsanitize=fuzzer-no-link,address,undefined", "-fno-sanitize-recover=undefined"],
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
      # A prebuilt package carries libre2 beside the addon (tools/prebuild.mjs).
      "ldflags": ["-Wl,--exclude-libs,ALL", "-Wl,-z,relro,-z,now", "-Wl,-rpath='$$ORIGIN'"],
      "configurations": {
        "Release": {"conditions": [["gcc==1", {"ldflags": ["-flto=auto", "-O2", "<@(use_profile)", "-Werror=odr", "-Wno-stringop-overread"]}]]},
      },
    },
    {
      "target_name": "native_tests",
      "type": "executable",
      "dependencies": ["core"],
      "sources": ["<!@(node -p \"require('./native/sources.cjs').tests\")"],
      "libraries": ["-lgtest", "-lgtest_main", "-lre2", "-lssl", "-lcrypto", "-lpthread"],
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
