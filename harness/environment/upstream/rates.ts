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

/** Money that is no more, and the codes of ISO 4217 for tests and for no currency: well formed, and nobody has a rate for them. */
const UNKNOWN = new Set(['DEM', 'FRF', 'ITL', 'ESP', 'XTS', 'XXX'])

/** What is no currency code is a bad request, what nobody has a rate for is not found; other codes that are not in the table count as one dollar. */
export function rateOf(base: string, quote: string): number | 'bad' | 'unknown' {
  if (!/^[A-Z]{3}$/.test(base) || !/^[A-Z]{3}$/.test(quote)) return 'bad'
  if (UNKNOWN.has(base) || UNKNOWN.has(quote)) return 'unknown'
  return Number(((PER_DOLLAR[quote] ?? 1) / (PER_DOLLAR[base] ?? 1)).toFixed(6))
}
