// Who leads a stream: the one question that a test asks JetStream itself, in as much of NATS's protocol as that takes.
import net from 'node:net';

const ANSWER_MS_MAX = 10000;

// addresses: host:port,…, of which any that answers will do. The number of the node, as tests/with-nats counts them.
export async function leaderOf(addresses, stream) {
  const until = Date.now() + ANSWER_MS_MAX;
  for (;;) {
    for (const address of addresses.split(',')) {
      const leader = await ask(address, `$JS.API.STREAM.INFO.${stream}`).then((told) => told.cluster?.leader, () => undefined);
      if (leader) return Number(leader.replace('node', ''));
    }
    if (Date.now() > until) throw new Error(`nobody says who leads ${stream}`);
  }
}

function ask(address, subject) {
  const [host, port] = address.split(':');
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, host);
    let said = '';
    socket.setTimeout(1000, () => socket.destroy(new Error('no answer')));
    socket.on('error', reject);
    socket.on('connect', () => socket.write(`CONNECT {"verbose":false}\r\nSUB answer 1\r\nPUB ${subject} answer 0\r\n\r\n`));
    socket.on('data', (bytes) => {
      said += bytes;
      const message = said.match(/MSG answer 1 (\d+)\r\n/);
      const body = message && said.slice(message.index + message[0].length);
      if (!message || Buffer.byteLength(body) < Number(message[1])) return;
      socket.destroy();
      resolve(JSON.parse(body.slice(0, Number(message[1]))));
    });
  });
}
