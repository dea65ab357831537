// Words of the texts that mean something to a program.
import { defineParameterType } from '@cucumber/cucumber';

const DIGITS = { JPY: 0, KWD: 3 };

export const digits = (currency) => DIGITS[currency] ?? 2;

// "19.90 EUR" → { amount: 1990, currency: 'EUR' }
export function money(number, currency) {
  const [whole, part = ''] = number.replace('-', '').split('.');
  if (part.length !== digits(currency)) throw new Error(`${number} ${currency}: ${currency} has ${digits(currency)} digits after the point`);
  return { amount: Number(`${number.startsWith('-') ? '-' : ''}${whole}${part}`), currency };
}

// "19 %" → 190000, parts of a million.
export const partsPerMillion = (percent) => Math.round(percent * 10000);

const COUNTRIES = { Germany: 'DE', France: 'FR', Switzerland: 'CH', Japan: 'JP', Canada: 'CA', 'the United States': 'US' };

export const address = (country, more = {}) => ({
  name: 'Ann Example', line1: '1 High Street', city: 'Springfield', postalCode: '12345', country: COUNTRIES[country] ?? country, ...more,
});

defineParameterType({ name: 'service', regexp: /catalog|pricing|inventory|cart|checkout|order|payment/ });
defineParameterType({ name: 'services', regexp: /[a-z]+(?:, [a-z]+)* and [a-z]+/, transformer: (text) => text.split(/, | and /) });
defineParameterType({ name: 'who', regexp: /ann|bob|cat|dan/ });
defineParameterType({ name: 'money', regexp: /(-?\d+(?:\.\d+)?) ([A-Z]{3})/, transformer: money });
defineParameterType({ name: 'country', regexp: /Germany|France|Switzerland|Japan|Canada|the United States/ });
defineParameterType({ name: 'code', regexp: /[a-z_]+/ });
defineParameterType({ name: 'codes', regexp: /[a-z_]+(?:, [a-z_]+)*/, transformer: (text) => text.split(', ') });
defineParameterType({ name: 'card', regexp: /a card (?:that is declined|that needs 3-D Secure|at which the provider fails|at which the provider answers too late)/,
  transformer: (text) => ({
    'a card that is declined': 'pm_card_chargeDeclined',
    'a card that needs 3-D Secure': 'pm_card_threeDSecure2Required',
    'a card at which the provider fails': 'pm_card_error',
    'a card at which the provider answers too late': 'pm_card_timeout',
  })[text] });
