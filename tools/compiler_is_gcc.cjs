// Prints 1 when $CXX (default g++) is GCC: binding.gyp then optimises across files at link time.
"use strict";
const { execSync } = require("node:child_process");
try {
  const macros = execSync(`${process.env.CXX ?? "g++"} -dM -E -x c++ /dev/null`, {
    encoding: "utf8",
    stdio: "pipe",
  });
  console.log(/__clang__/.test(macros) ? 0 : 1);
} catch {
  console.log(0);
}
