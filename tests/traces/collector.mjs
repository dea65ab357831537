// A collector of traces, as small as can be: takes OTLP over HTTP, decodes the protobuf by hand, and keeps the spans.
import http from 'node:http';

// Fields of a message: number to list of values; a length-delimited one is a Buffer.
function fieldsOf(bytes) {
  const fields = new Map();
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const take = (length) => bytes.subarray(at, (at += length));
  while (at < bytes.length) {
    const key = Number(varint());
    const value = { 0: varint, 1: () => take(8).readBigUInt64LE(), 2: () => take(Number(varint())), 5: () => take(4).readUInt32LE() }[key & 7]();
    if (!fields.has(key >> 3)) fields.set(key >> 3, []);
    fields.get(key >> 3).push(value);
  }
  return { one: (number) => fields.get(number)?.[0], all: (number) => fields.get(number) ?? [] };
}

function attributesOf(list) {
  return Object.fromEntries(list.map((bytes) => {
    const pair = fieldsOf(bytes);
    const value = fieldsOf(pair.one(2));
    return [pair.one(1).toString(), value.one(1)?.toString() ?? Number(BigInt.asIntN(64, value.one(3) ?? 0n))];
  }));
}

function spanOf(bytes, service) {
  const span = fieldsOf(bytes);
  return {
    service,
    trace: span.one(1).toString('hex'),
    id: span.one(2).toString('hex'),
    parent: span.one(4)?.toString('hex') ?? '',
    name: span.one(5).toString(),
    kind: ['', 'internal', 'server', 'client', 'producer', 'consumer'][Number(span.one(6))],
    start: span.one(7),
    end: span.one(8),
    attributes: attributesOf(span.all(9)),
    failed: span.one(15) !== undefined && Number(fieldsOf(span.one(15)).one(3) ?? 0) === 2,
  };
}

export class Collector {
  spans = [];

  async listen(port) {
    this.server = http.createServer((request, response) => {
      const pieces = [];
      request.on('data', (piece) => pieces.push(piece));
      request.on('end', () => {
        if (request.method !== 'POST' || request.url !== '/v1/traces' || request.headers['content-type'] !== 'application/x-protobuf') {
          response.writeHead(400).end();
          return;
        }
        this.take(Buffer.concat(pieces));
        response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
      });
    });
    await new Promise((resolve) => this.server.listen(port, '127.0.0.1', resolve));
  }

  take(bytes) {
    for (const resource of fieldsOf(bytes).all(1).map(fieldsOf)) {
      const service = attributesOf(fieldsOf(resource.one(1)).all(1))['service.name'];
      for (const scope of resource.all(2).map(fieldsOf)) this.spans.push(...scope.all(2).map((span) => spanOf(span, service)));
    }
  }

  close() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}
