import { expect, it } from 'vitest'
import { hostile } from './example/hostile.ts'
import { html, prose } from './markup.ts'

it('escapes what is put in, in text and in attributes', () => {
  const page = html`<p title="${hostile.markup}">${hostile.markup}</p>`.text
  expect(page.match(/<[a-z/]+/g)).toEqual(['<p', '</p'])
  expect(page.match(/"/g)).toHaveLength(2)
})

it('does not escape twice what a template made', () => {
  expect(html`<ul>${['a&b', 'c'].map((item) => html`<li>${item}</li>`)}</ul>`.text).toBe('<ul><li>a&amp;b</li><li>c</li></ul>')
})

it('leaves nothing for undefined and false, but writes 0', () => {
  expect(html`${undefined}${false}${0}`.text).toBe('0')
})

it('makes names between backticks code, and escapes them like all else', () => {
  expect(prose('Use `SET LOCAL`, never `<b>`.').text).toBe('Use <code>SET LOCAL</code>, never <code>&lt;b&gt;</code>.')
  expect(prose('a ` alone').text).toBe('a ` alone')
})
