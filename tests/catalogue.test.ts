// Units describe themselves, and docs/catalogue.md says what they say.
import { describe, expect, test } from 'vitest'
import { catalogueText, KINDS, lacking, type Section, sections } from './fixtures/catalogue.ts'
import { textOf } from './fixtures/source-files.ts'

const all = await sections()

test('docs/catalogue.md is what `npm run catalogue` writes', () => {
  expect(catalogueText(all)).toBe(textOf('docs/catalogue.md'))
})

describe.each(all)('$heading', (section) => {
  test('are found', () => {
    expect(section.units.length).toBeGreaterThan(0)
  })

  test('say what they are, and why', () => {
    expect(lacking(section)).toEqual([])
  })
})

test('a unit that says nothing is noticed', () => {
  const [kind] = KINDS
  const silent = { ...kind, units: [{ id: 'mute', path: '', exportName: 'default', value: { kind: 'scenario' } }] } as Section
  expect(lacking(silent)).toEqual(['scenario mute does not say what it is', 'scenario mute names no source'])
})
