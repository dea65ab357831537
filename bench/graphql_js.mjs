// The yardstick: graphql-js on Node, with the schema that Souk prints and the products that Souk has, in memory. Documents are parsed and validated
// once, as Souk does.
//
//     node bench/graphql_js.mjs SCHEMA.graphql SOUK_URL PORT
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

const require = createRequire(new URL('../tests/graphql/package.json', import.meta.url));
const { buildSchema, execute, parse, validate } = require('graphql');

const [schemaFile, soukUrl, port] = process.argv.slice(2);
const schema = buildSchema(readFileSync(schemaFile, 'utf8'));

const everything = `{ products(first: 100) { nodes { id slug title description status version createdAt updatedAt
  images { url alt } variants { id sku title } price { sku price { amount currency } } inventory { sku available } } } }`;
const answer = await fetch(`${soukUrl}/graphql`, {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ query: everything }),
});
const products = (await answer.json()).data.products.nodes;
const byId = new Map(products.map((product) => [product.id, product]));
const rootValue = {
  product: ({ id }) => byId.get(id),
  products: ({ first = 24 }) => ({ nodes: products.slice(0, first) }),
};

const documents = new Map();
const documentOf = (query) => {
  if (!documents.has(query)) {
    const document = parse(query);
    if (validate(schema, document).length) throw new Error('that is no valid document');
    documents.set(query, document);
  }
  return documents.get(query);
};

createServer((request, response) => {
  let body = '';
  request.on('data', (part) => (body += part));
  request.on('end', async () => {
    const { query, variables } = JSON.parse(body);
    const result = await execute({ schema, document: documentOf(query), rootValue, variableValues: variables });
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(result));
  });
}).listen(Number(port), '127.0.0.1', () => console.log('ready'));
