// How cucumber finds steps and reports. The texts are in features/ at the top, for whoever wants to know what Souk does.
export default {
  import: ['support/*.js', 'steps/*.js'],
  format: ['./support/report.js'],
  strict: true,
  // @rest is about that gateway alone; @views are what a client that asks for messages has no word for.
  // @buying goes through all services: what the slowest layout is tested with every time.
  // @apart is about shops in several processes: for the layouts that are.
  tags: [
    { graphql: 'not @rest', grpc: 'not @rest and not @views' }[process.env.SOUK_DRIVER],
    !process.env.SOUK_LAYOUT && 'not @apart',
  ].filter(Boolean).join(' and '),
};
