// Exchange rates that never change, so that an answer can be judged right or wrong.

/** Units of a currency for one US dollar. */
const PER_DOLLAR: Record<string, number> = {
  USD: 1,
  EUR: 0.92,
  JPY: 150,
  GBP: 0.79,
  CHF: 0.88,
  SEK: 10.4,
  PLN: 3.95,
  INR: 83,
  BRL: 5,
  CAD: 1.36,
}

/** Undefined for what is no currency code; codes that are not in the table count as one dollar. */
export function rateOf(base: string, quote: string): number | undefined {
  if (!/^[A-Z]{3}$/.test(base) || !/^[A-Z]{3}$/.test(quote)) return undefined
  return Number(((PER_DOLLAR[quote] ?? 1) / (PER_DOLLAR[base] ?? 1)).toFixed(6))
}
