// How cucumber finds steps and reports. The texts are in features/ at the top, for whoever wants to know what Souk does.
export default {
  import: ['support/*.js', 'steps/*.js'],
  format: ['./support/report.js'],
  strict: true,
  tags: process.env.SOUK_DRIVER === undefined || process.env.SOUK_DRIVER === 'rest' ? '' : 'not @rest',
};
