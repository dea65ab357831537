// Our schemas by the reference implementation: they are schemas, they are printed as it prints them, and they change only when somebody says so.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { assertValidSchema, buildSchema, findBreakingChanges, lexicographicSortSchema, printSchema } from 'graphql';

const souk = process.env.SOUK;
const schemas = [
  { name: 'schema.graphql', what: 'the shop', args: [] },
  { name: 'admin.graphql', what: 'the administration', args: ['--admin'] },
];

// Definitions in the order of what they define: printSchema() has an order of its own.
const definitions = (sdl) =>
  sdl
    .trimEnd()
    .split(/\n\n(?=[^ \n])/)
    .map((text) => ({ key: text.match(/^(?:type|input|enum|scalar|interface|union|directive) @?(\w+)/m)?.[1], text }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ text }) => text);

for (const { name, what, args } of schemas) {
  const sdl = execFileSync(souk, ['schema', 'graphql', ...args], { encoding: 'utf8' });
  const golden = new URL(name, import.meta.url);
  if (process.env.GOLDEN === 'update') writeFileSync(golden, sdl);

  test(`${what}: the schema is valid`, () => {
    assertValidSchema(buildSchema(sdl));
  });

  test(`${what}: it is printed as graphql-js prints it`, () => {
    assert.deepEqual(definitions(sdl), definitions(printSchema(buildSchema(sdl))));
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
