import { expect, it } from 'vitest'
import { latency } from './charts/latency.ts'
import { exampleHistory } from './example/history.ts'
import { drawSvg } from './svg.ts'

const spec = latency.draw(exampleHistory())
if (!spec) throw new Error('the example has latencies')

it('draws the same spec to the same bytes, however much was drawn before', async () => {
  expect(await drawSvg(spec, 'latency')).toEqual(await drawSvg(spec, 'latency'))
})

it('has the ids of its own chart and width, so that drawings can share a page', async () => {
  const { text } = (await drawSvg(spec, 'latency')).narrow
  const ids = [...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)
  expect(ids.length).toBeGreaterThan(0)
  for (const id of ids) expect(id).toMatch(/^latency-narrow-\d+$/)
  for (const [, id] of text.matchAll(/url\(#([^)]+)\)/g)) expect(ids).toContain(id)
})

it('takes its colours from the page and its size from the reader’s screen', async () => {
  const { text } = (await drawSvg(spec, 'latency')).wide
  expect(text).toMatch(/^<svg data-left="\d+" data-inner="\d+" data-top="\d+" viewBox="0 0 960 \d+" aria-hidden="true" focusable="false">/)
  expect(text).not.toMatch(/(?:fill|stroke)="(?!none|transparent|var\(--)/)
})

it('lays the same chart out anew for each width: its grid ends where its plot does', async () => {
  const inners = Object.values(await drawSvg(spec, 'latency')).map(({ text }) => {
    const inner = Number(/data-inner="(\d+)"/.exec(text)?.[1])
    const ends = [...text.matchAll(/ x2="([\d.]+)"/g)].map(([, x]) => Number(x))
    expect(Math.max(...ends)).toBe(inner)
    return inner
  })
  expect(new Set(inners).size).toBe(2)
})

it('refuses a spec that is wrong', async () => {
  const wrong = { data: { values: [] }, mark: 'bar', encoding: { x: { field: 'a', type: 'nope' } } } as never
  await expect(drawSvg(wrong, 'wrong')).rejects.toThrow()
})
