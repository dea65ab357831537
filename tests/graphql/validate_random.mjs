// Documents at random: mostly as the schema wants them, with something wrong here and there.
import {
  getNamedType, getNullableType, isAbstractType, isCompositeType, isEnumType, isInputObjectType, isListType, isNonNullType, isUnionType,
} from 'graphql';

function randomOf(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = (limit) => Math.floor(next() * limit);
  return { below, chance: (probability) => next() < probability, pick: (list) => list[below(list.length)] };
}

export function randomDocument(schema, seed) {
  const random = randomOf(seed);
  const { below, chance, pick } = random;
  const wrong = pick([0, 0, 0.02, 0.1]); // how often something is wrong
  const fragments = ['A', 'B', 'C'].slice(0, below(4));
  const composites = Object.values(schema.getTypeMap()).filter((type) => isCompositeType(type) && !type.name.startsWith('__'));
  const conditions = Object.fromEntries(fragments.map((name) => [name, pick(composites)]));
  const variables = new Map();

  function variable(type) {
    const name = chance(wrong) ? pick(['a', 'b', 'z']) : `v${variables.size}`;
    if (!variables.has(name) && !chance(wrong)) variables.set(name, chance(wrong) ? pick(['Int', 'String!', '[Int]', 'Product']) : String(type));
    return `$${name}`;
  }

  function scalar(type) {
    if (isEnumType(type)) return chance(wrong) ? 'NOTHING' : pick(type.getValues()).name;
    const literals = { Int: '7', Float: '1.5', String: '"text"', Boolean: 'true', ID: '"id"', Json: '{a: [1, x]}' };
    return chance(wrong) ? pick(Object.values(literals)) : literals[type.name];
  }

  function inputObject(type, depth, constant) {
    const fields = Object.values(type.getFields());
    const chosen = type.isOneOf && !chance(wrong) ? [pick(fields)] : fields.filter((field) => isNonNullType(field.type) ? !chance(wrong) : chance(0.2));
    // One field twice is two fields to us and one to graphql-js.
    if (!type.isOneOf && chance(wrong) && chosen.length) chosen.push(pick(chosen));
    // A nullable variable for the field of a @oneOf is told otherwise by graphql-js 16: see `ahead` in validate_documents.mjs.
    return `{${chosen.map((field) => `${field.name}: ${value(type.isOneOf ? getNullableType(field.type) : field.type, depth + 1, constant || type.isOneOf)}`).join(', ')}${chance(wrong) ? ' nothing: 1' : ''}}`;
  }

  function value(type, depth, constant) {
    if (!constant && chance(0.2)) return variable(type);
    if (chance(isNonNullType(type) ? wrong / 4 : 0.05)) return 'null';
    const nullable = getNullableType(type);
    if (isListType(nullable)) {
      if (chance(0.2)) return value(getNullableType(nullable.ofType), depth, constant);
      return `[${Array.from({ length: depth > 3 ? 0 : below(3) }, () => value(nullable.ofType, depth + 1, constant)).join(' ')}]`;
    }
    if (isInputObjectType(nullable)) return depth > 4 ? (isNonNullType(type) ? '{}' : 'null') : inputObject(nullable, depth, constant);
    return scalar(nullable);
  }

  function args(list, constant = false) {
    const chosen = list.filter((arg) => (isNonNullType(arg.type) && arg.defaultValue === undefined ? !chance(wrong) : chance(0.3)));
    if (chance(wrong) && chosen.length) chosen.push(pick(chosen));
    const texts = chosen.map((arg) => `${arg.name}: ${value(arg.type, 0, constant)}`);
    if (chance(wrong)) texts.push('nothing: 1');
    return texts.length ? `(${texts.join(', ')})` : '';
  }

  function directives(location, constant = false) {
    let text = '';
    while (chance(0.05)) {
      // The reason of @deprecated may be null for graphql-js 16, not for the specification.
      const fitting = schema.getDirectives().filter(({ name }) => name !== 'deprecated').filter((directive) => chance(wrong) || directive.locations.includes(location));
      const directive = fitting.length ? pick(fitting) : undefined;
      text += chance(wrong) || !directive ? ' @nothing' : ` @${directive.name}${args(directive.args, constant)}`;
    }
    return text;
  }

  function field(type, depth) {
    const fields = isUnionType(type) ? [] : Object.values(type.getFields());
    const chosen = fields.length && !chance(0.05) ? pick(fields) : undefined;
    const name = chance(wrong) ? 'nothing' : (chosen?.name ?? '__typename');
    // graphql-js 16 does not compare the type of __typename with that of others by the same name.
    const alias = chosen && chance(0.15) ? `${pick(['a', 'b', 'id', 'name'])}: ` : '';
    const composite = chosen && isCompositeType(getNamedType(chosen.type));
    const below_ = (composite ? !chance(wrong) : chance(wrong)) ? ` ${selections(composite ? getNamedType(chosen.type) : type, depth + 1)}` : '';
    return `${alias}${name}${chosen ? args(chosen.args) : ''}${directives('FIELD')}${below_}`;
  }

  function condition(type) {
    if (chance(wrong)) return pick([...composites.map(({ name }) => name), 'Int', 'Nothing', 'Filter']);
    const possible = isAbstractType(type) ? [type, ...schema.getPossibleTypes(type)] : [type, ...(type.getInterfaces?.() ?? [])];
    return pick(possible).name;
  }

  function selection(type, depth) {
    const kind = below(10);
    if (kind < 7 || depth > 5) return field(type, depth);
    if (kind < 9) {
      const name = chance(0.8) ? condition(type) : undefined;
      const inner = name ? (schema.getType(name) ?? type) : type;
      return `...${name ? ` on ${name}` : ''}${directives('INLINE_FRAGMENT')} ${selections(isCompositeType(inner) ? inner : type, depth + 1)}`;
    }
    const fitting = fragments.filter((name) => chance(wrong) || conditions[name] === type || isAbstractType(conditions[name]) || isAbstractType(type));
    return fitting.length ? `...${chance(wrong) ? 'Nothing' : pick(fitting)}${directives('FRAGMENT_SPREAD')}` : field(type, depth);
  }

  function selections(type, depth) {
    return `{ ${Array.from({ length: 1 + below(depth > 4 ? 2 : 4) }, () => selection(type, depth)).join(' ')} }`;
  }

  function operation(name) {
    variables.clear();
    const kind = chance(0.85) ? 'query' : 'mutation';
    const body = `${directives(kind.toUpperCase(), true)} ${selections(kind === 'query' ? schema.getQueryType() : schema.getMutationType(), 0)}`;
    if (chance(wrong)) variables.set('unused', 'Int');
    const declared = [...variables].map(([variable_, type]) => `$${variable_}: ${type}${chance(0.1) ? ' = null' : ''}`).join(', ');
    return `${kind} ${name}${declared ? `(${declared})` : ''}${body}`;
  }

  const definitions = [operation(chance(0.5) ? 'Q' : '')];
  if (chance(0.2)) definitions.push(operation(chance(wrong) ? 'Q' : 'R'));
  for (const name of fragments)
    definitions.push(`fragment ${name} on ${chance(wrong) ? 'Nothing' : conditions[name].name}${directives('FRAGMENT_DEFINITION', true)} ${selections(conditions[name], 2)}`);
  return definitions.join('\n');
}
