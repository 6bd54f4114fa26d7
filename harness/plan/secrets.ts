// Made-up secrets for the arguments of calls: what a customer's data looks like, and no word that anybody else would write. Drawn with the
// plan, found again after the run in what the server has written (run/leaks.ts). Pure.
//
// Three shapes in turn, since guards against leaks often know one and not the others: an API key, an e-mail address (of
// a reserved top-level domain, RFC 2606), the number of a payment card (16 digits, a right check digit, of no issuer).
// Not modelled: what is logged in base64, hashed, or cut to its first characters.
import type { Draw } from './draw.ts'

/** Each with words that it cannot be without: looking for those costs next to nothing. What follows a decimal point is a measured time. */
const SHAPES = [
  { mark: 'sk_live_', shape: /sk_live_[0-9a-f]{24}/g },
  { mark: 'planted.example', shape: /[a-z]{4,16}\.[0-9a-f]{10}(?:@|%40)planted\.example/g },
  { mark: '9900', shape: /(?<!\w|\d\.)9900\d{12}\b/g },
]

/** @returns one that no other draw of the plan gives */
export function drawSecret({ int, pick, word }: Pick<Draw, 'int' | 'pick' | 'word'>): string {
  const hex = (digits: number) => Array.from({ length: digits }, () => int(0, 15).toString(16)).join('')
  const shape = pick(['key', 'address', 'card'])
  if (shape === 'key') return `sk_live_${hex(24)}`
  if (shape === 'address') return `${word()}.${hex(10)}@planted.example`
  return withCheckDigit(`9900${Array.from({ length: 11 }, () => int(0, 9)).join('')}`)
}

/** Whatever in a text has the shape of one, as it was drawn, and where it stands. */
export function secretsIn(text: string): { secret: string; at: number }[] {
  return SHAPES.filter(({ mark }) => text.includes(mark)).flatMap(({ shape }) =>
    Array.from(text.matchAll(shape), (match) => ({ secret: match[0].replace('%40', '@'), at: match.index })),
  )
}

/** For what people pass on: a word in the place of each. */
export function withoutSecrets(text: string): string {
  return SHAPES.reduce((rest, { shape }) => rest.replace(shape, '[planted secret]'), text)
}

/** Luhn. */
function withCheckDigit(digits: string): string {
  const sum = [...digits].reduceRight((total, digit, at) => {
    const doubled = Number(digit) * ((digits.length - at) % 2 === 1 ? 2 : 1)
    return total + (doubled > 9 ? doubled - 9 : doubled)
  }, 0)
  return `${digits}${(10 - (sum % 10)) % 10}`
}
