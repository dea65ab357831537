// The shop through its gRPC gateway, by @grpc/grpc-js and the .proto files of the repository.
//
// Deeds are said as REST says them (rest.js), and this looks up in the contracts, not in the server, which method that is: routes, bodies and
// masks from google.api.http, nested addresses from the links. What is answered comes back in the shop's words: enums in lower case, times
// as text, maps as objects. What only REST has (?embed=, ?fields=) is not asked for: those texts bear @views.
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import grpc from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { MERCHANT, Outcome } from './driver.js';
import { RestDriver } from './rest.js';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const FOLDERS = [path.join(ROOT, 'proto'), '/usr/include', '/usr/share/gocode/src/github.com/gogo/googleapis'];
const PATIENCE_MS = 30000;
const SERVICES = ['catalog', 'pricing', 'inventory', 'cart', 'checkout', 'order', 'payment'];

// --- the contracts

const contracts = new protobuf.Root();
contracts.resolvePath = (_, name) => {
  if (path.isAbsolute(name)) return name;
  const folder = name.startsWith('google/api/') || name.startsWith('google/rpc/') ? FOLDERS[2] : /^(google|protobuf-c)\//.test(name) ? FOLDERS[1] : FOLDERS[0];
  return path.join(folder, name);
};
contracts.loadSync([
  ...SERVICES.map((name) => `souk/${name}/v1/${name}.proto`), 'souk/common/v1/types.proto', 'google/rpc/status.proto',
]);
contracts.resolveAll();

const option = (of, name) => Object.assign({}, ...(of.parsedOptions ?? []).map((one) => one[`(${name})`] ?? {}));
const list = (value) => (value === undefined ? [] : [value].flat());
const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const fieldOf = (type, name) => type.fields[name] ?? type.fields[camel(name)] ?? type.fields[snake(name)] ?? Object.values(type.fields).find((field) => camel(field.name) === name);

function bindings(http) {
  return [http, ...list(http.additional_bindings ?? http.additionalBindings)].flatMap((one) =>
    ['get', 'post', 'put', 'patch', 'delete'].filter((verb) => one[verb]).map((verb) => ({ verb: verb.toUpperCase(), path: one[verb], body: one.body })));
}

const routes = [];
for (const name of SERVICES) {
  for (const service of contracts.lookup(`souk.${name}.v1`).nestedArray.filter((one) => one instanceof protobuf.Service)) {
    for (const method of service.methodsArray) {
      for (const binding of bindings(option(method, 'google.api.http'))) {
        const names = [...binding.path.matchAll(/\{([^}]+)\}/g)].map((found) => found[1]);
        const pattern = new RegExp(`^${binding.path.replace(/\{[^}]+\}/g, '([^/]+)')}$`);
        routes.push({ ...binding, names, pattern, method, service, input: method.resolvedRequestType, output: method.resolvedResponseType });
      }
    }
  }
}
const methodNamed = (name, from) => {
  const full = name.includes('.') ? `.${name}` : `${from.fullName}.${name}`;
  const found = routes.find(({ method }) => method.fullName === full);
  if (found) return found;
  const service = contracts.lookupService(full.slice(1, full.lastIndexOf('.')));
  const method = service.methods[full.slice(full.lastIndexOf('.') + 1)].resolve();
  return { method, service, input: method.resolvedRequestType, output: method.resolvedResponseType };
};

function find(verb, address) {
  for (const route of routes) {
    const found = route.verb === verb && route.pattern.exec(address);
    if (found) return { route, values: found.slice(1).map(decodeURIComponent) };
  }
  return null;
}

// --- words there

const prefixOf = (type) => `${snake(type.name).slice(1).toUpperCase()}_`;

function said(type, value) {
  if (type instanceof protobuf.Enum) return type.values[prefixOf(type) + String(value).toUpperCase().replace(/-/g, '_')] ?? 999;
  if (type.fullName === '.google.protobuf.Timestamp') {
    const ms = Date.parse(value);
    return { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1e6 };
  }
  const message = {};
  for (const [name, is] of Object.entries(value)) {
    const field = fieldOf(type, name);
    if (!field || is === null || is === undefined) continue;
    const one = (item) => (field.resolvedType ? said(field.resolvedType, item) : /^u?int|^s/.test(field.type) && field.type !== 'string' ? Number(item) : field.type === 'bool' ? item === true || item === 'true' : item);
    message[field.name] = field.map ? Object.fromEntries(Object.entries(is).map(([key, item]) => [key, one(item)])) : field.repeated ? [is].flat().map(one) : one(is);
  }
  return message;
}

// --- words back

function told(type, message) {
  const answer = {};
  for (const field of type.fieldsArray) {
    const rule = option(field, 'souk.field');
    if (rule.input_only) continue;
    const one = (value) => {
      if (field.resolvedType instanceof protobuf.Enum) return field.resolvedType.valuesById[value].slice(prefixOf(field.resolvedType).length).toLowerCase();
      if (field.resolvedType?.fullName === '.google.protobuf.Timestamp') return new Date(Number(value.seconds) * 1000 + Math.floor(value.nanos / 1e6)).toISOString();
      if (field.resolvedType) return told(field.resolvedType, value);
      return typeof value === 'object' && value?.toNumber ? value.toNumber() : value;
    };
    const value = message[field.name];
    const has = Object.hasOwn(message, field.name) && value !== null && value !== undefined;
    if (field.map) {
      if (has || !rule.omit_empty) answer[camel(field.name)] = Object.fromEntries(Object.entries(value ?? {}).map(([key, item]) => [key, one(item)]));
    } else if (field.repeated) {
      if (value?.length || !rule.omit_empty) answer[camel(field.name)] = (value ?? []).map(one);
    } else if (has && !(field.resolvedType instanceof protobuf.Enum && value === 0)) {
      answer[camel(field.name)] = one(value);
    } else if (!field.resolvedType && !rule.omit_empty && !field.partOf) {
      answer[camel(field.name)] = one(field.typeDefault);
    }
  }
  return answer;
}

// The values at a path such as "variants.sku", of one thing or many.
const valuesAt = (value, [first, ...rest]) => {
  const found = [value].flat().flatMap((one) => one?.[camel(first)] ?? []);
  return rest.length ? valuesAt(found, rest) : found;
};

// --- the driver

export class GrpcDriver extends RestDriver {
  constructor(options) {
    super(options);
    this.client = new grpc.Client(this.address, grpc.credentials.createInsecure());
  }

  close() {
    super.close();
    this.client.close();
  }

  async ask(verb, address, { who = null, how = {}, body } = {}) {
    const url = new URL(address, 'http://shop');
    const query = Object.fromEntries(url.searchParams);
    const { embed, asOf, fields, ...parameters } = query;
    if (embed || fields) throw new Error(`gRPC has no ?embed= and no ?fields=: ${address}`);
    const found = find(verb, url.pathname);
    const outcome = found
      ? await this.call(found.route, this.request(found, parameters, body), { who, how, asOf })
      : await this.follow(verb, url.pathname, parameters, { who, how, asOf });
    const cursor = outcome.value?.nextCursor;
    if (cursor) {
      url.searchParams.set('cursor', cursor);
      outcome.next = url.pathname + url.search;
    }
    return outcome;
  }

  request({ route, values }, parameters, body) {
    const request = said(route.input, { ...parameters, ...(route.body === '*' ? body : {}) });
    const options = Object.entries(parameters).filter(([name]) => name.startsWith('option.'));
    if (options.length) request.option = Object.fromEntries(options.map(([name, value]) => [name.slice('option.'.length), value]));
    route.names.forEach((name, i) => Object.assign(request, said(route.input, { [name]: values[i] })));
    const mask = route.input.fieldsArray.find((field) => field.resolvedType?.name === 'FieldMask');
    if (route.body && route.body !== '*') {
      const field = fieldOf(route.input, route.body);
      request[field.name] = said(field.resolvedType, body ?? {});
      if (mask) request[mask.name] = { paths: verbMask(route.verb, body, field.resolvedType) };
    }
    return request;
  }

  // A nested address: the thing above it, then what its link leads to.
  async follow(verb, address, parameters, { who, how, asOf }) {
    const at = address.lastIndexOf('/');
    const above = find('GET', address.slice(0, at));
    if (!above) throw new Error(`no method answers ${verb} ${address}`);
    const links = (above.route.output.parsedOptions ?? []).flatMap((one) => list(one['(souk.message)']?.links));
    const link = links.find(({ rel }) => rel === address.slice(at + 1));
    if (!link) throw new Error(`${above.route.output.name} has no link to ${address.slice(at + 1)}`);
    const parent = await this.call(above.route, this.request(above, {}), { who, how: {}, asOf });
    if (!parent.value) return parent;
    const route = methodNamed(link.method, above.route.service);
    const bound = Object.fromEntries(link.bind.split(',').map((pair) => {
      const [name, from] = pair.trim().split('=');
      const values = valuesAt(parent.value, from.split('.'));
      return [name, fieldOf(route.input, name).repeated ? values : values[0]];
    }));
    return this.call(route, said(route.input, { ...parameters, ...bound }), { who, how, asOf });
  }

  async askBySku(skus, who = null) {
    const ask = async (name) => (await this.call(methodNamed(name), { skus }, { who, how: {} })).wanted(name).items;
    return {
      availability: await ask('souk.inventory.v1.InventoryService.BatchGetAvailability'),
      prices: await ask('souk.pricing.v1.PricingService.BatchGetPrices'),
    };
  }

  call(route, request, { who, how, asOf }) {
    const metadata = new grpc.Metadata();
    if (who === MERCHANT) metadata.set('authorization', `Bearer ${this.token}`);
    if (how.key) metadata.set('idempotency-key', how.key);
    for (const [name, value] of Object.entries(how.headers ?? {})) metadata.set(name.toLowerCase(), value);
    if (how.ifVersionOf) metadata.set('if-match', how.ifVersionOf.tag);
    if (asOf) metadata.set('souk-as-of', asOf);
    const name = `/${route.service.fullName.slice(1)}/${route.method.name}`;
    const pack = (message) => Buffer.from(route.input.encode(route.input.fromObject(message)).finish());
    const unpack = (bytes) => route.output.decode(bytes);
    return new Promise((resolve, reject) => {
      let refused = null, message = null;
      const sent = this.client.makeUnaryRequest(name, pack, unpack, request, metadata, { deadline: Date.now() + PATIENCE_MS }, (error, answer) => {
        refused = error;
        message = answer;
      });
      sent.on('status', (status) => setImmediate(() => {
        try {
          resolve(outcomeOf(route, refused, message, status));
        } catch (error) {
          reject(error);
        }
      }));
    });
  }
}

function verbMask(verb, body, type) {
  return verb === 'PUT' ? ['*'] : Object.keys(body ?? {}).map((name) => fieldOf(type, name)?.name ?? name).map(snake);
}

function outcomeOf(route, refused, message, status) {
  const replayed = status.metadata.get('idempotent-replayed')[0] === 'true';
  if (refused) return new Outcome({ replayed, problem: problemOf(refused, route) });
  const [location] = status.metadata.get('location');
  const value = told(route.output, message);
  return new Outcome({ replayed, value, tag: value.version === undefined ? null : String(value.version), waiting: location ? { at: location } : null });
}

function problemOf(error, route) {
  const [packed] = error.metadata.get('grpc-status-details-bin');
  if (!packed) throw new Error(`${route.method.name} was refused without details: ${error.message}`);
  const any = contracts.lookupType('google.rpc.Status').decode(packed).details.find(({ type_url, typeUrl }) => (typeUrl ?? type_url).endsWith('souk.common.v1.Problem'));
  const problem = told(contracts.lookupType('souk.common.v1.Problem'), contracts.lookupType('souk.common.v1.Problem').decode(any.value));
  const above = route.body && route.body !== '*' ? `/${camel(route.body)}` : '';
  const errors = problem.violations.map(({ pointer, ...more }) => ({ ...more, pointer: pointer.startsWith(`${above}/`) ? pointer.slice(above.length) : pointer }));
  return { code: problem.code, detail: problem.detail, ...(errors.length ? { errors } : {}), ...Object.fromEntries(problem.numbers.map(({ name, value }) => [name, value])) };
}
