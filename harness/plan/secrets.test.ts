import { expect, test } from 'vitest'
import { createDraw } from './draw.ts'
import { secretsIn, withoutSecrets } from './secrets.ts'

const drawn = Array.from({ length: 300 }, (_, n) => createDraw(5).fork(`call-${n}`).secret())

test('each is another one, of three shapes, the same in every run of the seed', () => {
  expect(new Set(drawn).size).toBe(300)
  for (const shape of [/^sk_live_[0-9a-f]{24}$/, /^[a-z]+\.[0-9a-f]{10}@planted\.example$/, /^9900\d{12}$/])
    expect(drawn.filter((one) => shape.test(one)).length).toBeGreaterThan(60)
  expect(createDraw(5).fork('call-7').secret()).toBe(drawn[7])
})

test('the numbers of cards have a right check digit', () => {
  const passes = (card: string) =>
    [...card]
      .reverse()
      .reduce((sum, digit, n) => sum + Number([...String(Number(digit) * (n % 2 ? 2 : 1))].reduce((a, b) => String(+a + +b))), 0) %
      10 ===
    0
  const cards = drawn.filter((one) => one.startsWith('9900'))
  expect(cards.every(passes)).toBe(true)
})

test('they are found again wherever they stand', () => {
  for (const secret of drawn) {
    expect(secretsIn(`{"memo":"${secret}"} and more`)).toEqual([{ secret, at: 9 }])
    expect(secretsIn(`GET /?q=${encodeURIComponent(secret)}&n=1`)).toEqual([{ secret, at: 8 }])
    expect(secretsIn(JSON.stringify({ text: JSON.stringify({ secret }) }))).toMatchObject([{ secret }])
  }
  expect(withoutSecrets(`<b>${drawn.join('</b><b>')}</b>`)).toBe('<b>[planted secret]</b>'.repeat(300))
  expect(secretsIn('sk_live_of-somebody-else, a@planted.example, 4111111111111111, 99001234567890123')).toEqual([])
})

test('a time in milliseconds is no card, and stays as it is in what is passed on', () => {
  const times = '{"liveMs":1.9900810000017373,"readyMs":0.9900119999980486,"at":-0.9900000000000002}'
  expect(secretsIn(times)).toEqual([])
  expect(withoutSecrets(times)).toBe(times)
  const cards = 'of.9900123456789012, 5. 9900123456789012, no.5 9900123456789012.'
  expect(secretsIn(cards)).toHaveLength(3)
})
