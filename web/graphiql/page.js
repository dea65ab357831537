// GraphiQL before the gateway that serves it. Staff open /admin/graphql and put {"Authorization": "Bearer …"} under Headers.
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { GraphiQL } from 'graphiql';
import 'graphiql/graphiql.css';

const endpoint = window.location.pathname;

// Subscriptions are streams of server-sent events, everything else is one answer.
async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ''; ; ) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) {
      const [event, data] = text.slice(0, end).split('\n');
      if (event === 'event: complete') return;
      if (event === 'event: next') yield JSON.parse(data.slice('data: '.length));
    }
  }
}

async function fetcher(parameters, { headers, documentAST } = {}) {
  const operation = documentAST?.definitions.find(
    (definition) =>
      definition.kind === 'OperationDefinition' &&
      (!parameters.operationName || definition.name?.value === parameters.operationName),
  );
  const isStream = operation?.operation === 'subscription';
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: isStream ? 'text/event-stream' : 'application/json', ...headers },
    body: JSON.stringify(parameters),
  });
  return isStream && response.ok ? events(response) : response.json();
}

createRoot(document.getElementById('graphiql')).render(
  createElement(GraphiQL, { fetcher, defaultQuery: '{\n  products(first: 3) {\n    nodes {\n      title\n      price {\n        sku\n        price {\n          amount\n          currency\n        }\n      }\n    }\n  }\n}\n' }),
);
