// Whether the server does what its own /openapi.json says: each answer's status, media type and body are looked up under the path and
// method that were asked for.
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const DOCUMENT = 'souk';

const escaped = (token) => token.replaceAll('~', '~0').replaceAll('/', '~1');

// "/v1/carts/{cart}/lines" → a pattern, with how many of its segments are literal: the most literal template wins.
function template(path) {
  const segments = path.split('/');
  const pattern = segments.map((one) => one.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{[^}]+\}/g, '[^/]+')).join('/');
  return { path, pattern: new RegExp(`^${pattern}$`), literal: segments.filter((one) => !one.includes('{')).length };
}

export class Contract {
  constructor(document) {
    this.document = document;
    this.ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: true });
    addFormats(this.ajv);
    this.ajv.addSchema(document, DOCUMENT);
    this.templates = Object.keys(document.paths).map(template).sort((a, b) => b.literal - a.literal);
    this.validators = new Map();
    this.checked = 0;
  }

  operation(method, path) {
    const found = this.templates.find((one) => one.pattern.test(path));
    return { template: found?.path, operation: found && this.document.paths[found.path][method.toLowerCase()] };
  }

  validator(pointer) {
    if (!this.validators.has(pointer)) this.validators.set(pointer, this.ajv.compile({ $ref: `${DOCUMENT}#${pointer}` }));
    return this.validators.get(pointer);
  }

  // Where the described answer is, following a reference.
  resolve(pointer) {
    let at = this.document;
    for (const token of pointer.split('/').slice(1)) at = at?.[token.replaceAll('~1', '/').replaceAll('~0', '~')];
    return at?.$ref ? this.resolve(at.$ref.slice(1)) : { pointer, at };
  }

  // Throws with what does not fit. `body` is the text as it came; `sparse`: ?fields= has left some of it out.
  check({ method, path, status, type, body, sparse = false }) {
    const { template: found, operation } = this.operation(method, path);
    const where = `${method} ${path} answered ${status}`;
    if (!operation) {
      if (status === 404 || status === 405) return;
      throw new Error(`${where}, but /openapi.json does not know that operation`);
    }
    const responses = `/paths/${escaped(found)}/${method.toLowerCase()}/responses`;
    const name = [String(status), `${String(status)[0]}XX`, 'default'].find((one) => operation.responses[one]);
    if (!name) throw new Error(`${where}, but /openapi.json only knows ${Object.keys(operation.responses).join(', ')}`);
    this.checked++;
    const { pointer, at } = this.resolve(`${responses}/${name}`);
    if (!at.content) {
      if (body) throw new Error(`${where} with a body, but /openapi.json says that there is none`);
      return;
    }
    const media = Object.keys(at.content).find((one) => one.split(';')[0] === type.split(';')[0]);
    if (!media) throw new Error(`${where} with ${type || 'no type'}, but /openapi.json says ${Object.keys(at.content).join(', ')}`);
    if (!at.content[media].schema || !/json/.test(media)) return;
    const validate = this.validator(`${pointer}/content/${escaped(media)}/schema`);
    if (validate(JSON.parse(body))) return;
    const wrong = validate.errors.filter((one) => !(sparse && one.keyword === 'required'));
    if (wrong.length) {
      const errors = wrong.slice(0, 5).map((one) => `  ${one.instancePath || '/'} ${one.message} ${JSON.stringify(one.params)}`);
      throw new Error(`${where}, which is not what /openapi.json says:\n${errors.join('\n')}\n${body.slice(0, 2000)}`);
    }
  }
}
