// graphql-js for bench/run, beside ours: the microseconds of processor that it takes to parse and validate a document once.
//     graphql_documents.mjs SCHEMA.graphql DOCUMENT.graphql TIMES
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
const { buildSchema, parse, validate } = createRequire(new URL('../tests/graphql/', import.meta.url))('graphql');

const [schemaPath, documentPath, times] = process.argv.slice(2);
const schema = buildSchema(readFileSync(schemaPath, 'utf8'));
const text = readFileSync(documentPath, 'utf8');
const rounds = (count) => {
  for (let i = 0; i < count; i++) if (validate(schema, parse(text)).length) throw new Error('the document is not valid');
};
rounds(times / 2); // it gets faster
const before = process.cpuUsage();
rounds(times);
const { user, system } = process.cpuUsage(before);
console.log(((user + system) / times).toFixed(2));
