// Validates AsyncAPI documents with the specification's own parser: asyncapi.mjs FILE…
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

// Advice on what a document might say besides (a licence, a contact, servers) is no error of it.
const ERROR = 0;
let failed = false;
for (const file of process.argv.slice(2)) {
  const { document, diagnostics } = await new Parser().parse(readFileSync(file, "utf8"));
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === ERROR);
  for (const error of errors) {
    console.error(`${file}: ${error.path.join(".")}: ${error.message}`);
  }
  if (errors.length > 0 || document === undefined) {
    failed = true;
    continue;
  }
  const messages = document.messages().all().length;
  if (messages < 25) {
    console.error(`${file}: describes ${messages} messages only`);
    failed = true;
  }
  console.log(`${file}: AsyncAPI ${document.version()}, ${messages} messages`);
}
process.exit(failed ? 1 : 0);
