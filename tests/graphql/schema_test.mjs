// Our schemas by the reference implementation: they are schemas, they are printed as it prints them, and they change only when somebody says so.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import {
  assertValidSchema, buildClientSchema, buildSchema, findBreakingChanges, getIntrospectionQuery, lexicographicSortSchema, printSchema,
} from 'graphql';
import { ask, serve, token } from './server.mjs';

const souk = process.env.SOUK;
const schemas = [
  { name: 'schema.graphql', what: 'the shop', args: [], path: '/graphql', headers: {} },
  { name: 'admin.graphql', what: 'the administration', args: ['--admin'], path: '/admin/graphql', headers: { authorization: `Bearer ${token}` } },
];

let server;
before(async () => (server = await serve()));
after(() => server.stop());

// Definitions in the order of what they define: printSchema() has an order of its own.
const definitions = (sdl) =>
  sdl
    .trimEnd()
    .split(/\n\n(?=[^ \n])/)
    .map((text) => ({ key: text.match(/^(?:type|input|enum|scalar|interface|union|directive) @?(\w+)/m)?.[1], text }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ text }) => text);

for (const { name, what, args, path, headers } of schemas) {
  const sdl = execFileSync(souk, ['schema', 'graphql', ...args], { encoding: 'utf8' });
  const golden = new URL(name, import.meta.url);
  if (process.env.GOLDEN === 'update') writeFileSync(golden, sdl);

  test(`${what}: the schema is valid`, () => {
    assertValidSchema(buildSchema(sdl));
  });

  test(`${what}: it is printed as graphql-js prints it`, () => {
    assert.deepEqual(definitions(sdl), definitions(printSchema(buildSchema(sdl))));
  });

  test(`${what}: a server tells the same of itself`, async () => {
    const query = getIntrospectionQuery({ specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true, inputValueDeprecation: true });
    const { data, errors } = await ask(`${server.url}${path}`, query, {}, headers);
    assert.equal(errors, undefined);
    assert.deepEqual(definitions(printSchema(buildClientSchema(data))), definitions(sdl));
  });

  test(`${what}: it is the one that is committed as ${name}`, () => {
    const before = readFileSync(golden, 'utf8');
    const breaking = findBreakingChanges(buildSchema(before), buildSchema(sdl));
    const news = breaking.map(({ description }) => `  ${description}`).join('\n');
    assert.equal(sdl, before, `It has changed: GOLDEN=update takes it over. What breaks clients:\n${news || '  nothing'}`);
  });
}

test('the shop shows nothing that the administration does not', () => {
  const [shop, admin] = schemas.map(({ args }) => buildSchema(execFileSync(souk, ['schema', 'graphql', ...args], { encoding: 'utf8' })));
  assert.deepEqual(
    findBreakingChanges(lexicographicSortSchema(shop), lexicographicSortSchema(admin)).map(({ description }) => description),
    [],
  );
});

test('what takes a scope is not in the shop', () => {
  const shop = execFileSync(souk, ['schema', 'graphql'], { encoding: 'utf8' });
  assert.doesNotMatch(shop, /Needs the scope|allPrices|asOf|createProduct/);
});
