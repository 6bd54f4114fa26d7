// The page in a real browser: what a reader sees, with scripts and without, on a screen, a phone and paper;
// and that nothing which a server, a target or a scenario chooses to say can act in it, from the raw files on.
// Pictures are written to STAMPEDE_ARTIFACTS, or a folder of the system's temporary ones: look at them before calling a change good.
import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser, openFile } from '../../tests/fixtures/browser.ts'
import { writeExampleRun } from '../../tests/fixtures/example-run.ts'
import { judge } from '../checks/judge.ts'
import { discoverChecks } from '../command/units.ts'
import { buildHistory } from '../history/merge.ts'
import { everything, hostile } from './example/hostile.ts'
import type { ExampleOptions } from './example/options.ts'
import { writeReport } from './report.ts'

const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true }
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const pictures = path.join(process.env.STAMPEDE_ARTIFACTS ?? path.join(tmpdir(), 'stampede-artifacts'), 'report')

let scratch = ''
let browser: Browser
let good = ''
let evil = ''

beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'stampede-page-'))
  await mkdir(pictures, { recursive: true })
  browser = await openBrowser()
  good = await pageOf('good', { starved: true, fault: true, retries: true })
  const notes = [everything, hostile.megabyte]
  evil = await pageOf('evil', { callsPerSecond: 12, starved: true, fault: true, retries: true, hostileText: everything, notes })
  expect((await stat(evil)).size).toBeLessThan(2_000_000)
})

afterAll(async () => {
  await browser?.close()
  await rm(scratch, { recursive: true, force: true })
})

/** From raw files through merge and judge to report.html. */
async function pageOf(name: string, options: ExampleOptions): Promise<string> {
  const folder = path.join(scratch, name)
  const written = await writeExampleRun(folder, options)
  const history = await buildHistory(folder)
  expect(history.calls).toHaveLength(written)
  await writeReport(folder, history, judge(history, await discoverChecks()))
  return path.join(folder, 'report.html')
}

/** Serious and critical faults of accessibility. */
async function faultsOf(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  const found = (await page.evaluate('axe.run(document, { resultTypes: ["violations"] })')) as {
    violations: { id: string; impact: string; nodes: { html: string }[] }[]
  }
  return found.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes
          .slice(0, 3)
          .map(({ html }) => html.slice(0, 160))
          .join(' | ')}`,
    )
}

async function overflowPx(page: Page): Promise<number> {
  return await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
}

describe('the page of a run', () => {
  it.each(['light', 'dark'] as const)('is quiet, draws every chart and has no serious fault of accessibility (%s)', async (colorScheme) => {
    await using opened = await openFile(browser, good, { colorScheme })
    const { page, troubles, requests } = opened
    const figures = await page
      .locator('figure')
      .evaluateAll((all) =>
        all.map((figure) => ({ id: figure.id, marks: figure.querySelectorAll('.wide svg [data-is="mark"] > *').length })),
      )
    expect(figures.length).toBeGreaterThan(10)
    for (const { id, marks } of figures) expect(marks, id).toBeGreaterThan(2)
    expect(await faultsOf(page)).toEqual([])
    expect(await overflowPx(page)).toBe(0)
    await page.screenshot({ path: path.join(pictures, `${colorScheme}.png`), fullPage: true })
    expect(troubles).toEqual([])
    expect(requests).toEqual([])
  })

  it('fits a phone and paper', async () => {
    await using opened = await openFile(browser, good, PHONE)
    const { page } = opened
    expect(await overflowPx(page)).toBe(0)
    expect(await page.locator('figure .narrow svg').first().isVisible()).toBe(true)
    await page.screenshot({ path: path.join(pictures, 'phone.png'), fullPage: true })
    await page.pdf({ path: path.join(pictures, 'print.pdf'), format: 'A4', printBackground: true })
    expect((await stat(path.join(pictures, 'print.pdf'))).size).toBeGreaterThan(20_000)
  })

  it('finds checks and calls by words and by what came of them', async () => {
    await using opened = await openFile(browser, good)
    const { page } = opened
    const cards = page.locator('.card:visible')
    const before = await cards.count()
    await page.getByLabel('Search checks and their witnesses').fill('retry-after no-such-word')
    expect(await cards.count()).toBe(0)
    await page.getByLabel('Search checks and their witnesses').fill('')
    expect(await cards.count()).toBe(before)
    const rows = page.locator('#calls tbody tr:visible')
    await page.getByRole('button', { name: /^refused / }).click()
    expect(await rows.count()).toBeGreaterThan(0)
    expect(await rows.evaluateAll((all) => all.every((row) => (row as { dataset: { fate?: string } }).dataset.fate === 'refused'))).toBe(
      true,
    )
    await page.getByLabel(/^Search calls/).fill('steady-03')
    expect(await rows.allInnerTexts()).not.toContainEqual(expect.stringContaining('steady-04'))
    expect(await page.locator('#calls [role=status]').innerText()).toMatch(/^\d+ of \d+ shown$/)
  })

  it('leads from an address to a check and to a call, which opens', async () => {
    await using opened = await openFile(browser, good)
    const { page } = opened
    const hidden = page.locator('.exchange:not([open]) > .inside').last()
    const id = await hidden.getAttribute('id')
    expect(id).toMatch(/^call-/)
    expect(await hidden.isVisible()).toBe(false)
    await page.goto(`file://${good}#${id}`)
    await expect.poll(() => page.locator(`#${id}`).isVisible()).toBe(true)
    const text = await page.locator(`#${id}`).innerText()
    for (const said of ['POST http://', '"method": "tools/call"', 'Answered', 'Where the time went', 'server-1.log:'])
      expect(text).toContain(said)
  })

  it('zooms all charts of the axis together, and back', async () => {
    await using opened = await openFile(browser, good)
    const { page, troubles } = opened
    const line = page.locator('#chart-calls .wide [data-is="mark"] path').last()
    const whole = await line.boundingBox()
    await page.getByRole('button', { name: 'stress', exact: true }).click()
    for (const id of ['calls', 'latency', 'agent-lanes']) {
      expect(await page.locator(`#chart-${id} .wide .zoom-axis text`).first().textContent()).toMatch(/^1[1-3]/)
    }
    expect((await line.boundingBox())?.width).toBeGreaterThan(2 * (whole?.width ?? 0))
    await page.keyboard.press('Escape')
    expect(await page.locator('.zoom-axis').count()).toBe(0)
    expect(await line.boundingBox()).toEqual(whole)
    await page.locator('#chart-calls .wide').hover({ position: { x: 400, y: 60 } })
    expect(await page.locator('#chart-calls .wide .told-at').innerText()).toMatch(/\d+\.\d s\s+offered\s+[\d.]+/)
    expect(troubles).toEqual([])
  })

  it('reads whole without scripts', async () => {
    await using opened = await openFile(browser, good, { javaScriptEnabled: false })
    const { page } = opened
    expect(await page.locator('figure .wide svg').first().isVisible()).toBe(true)
    expect(await page.locator('.exchange[open] .inside').first().isVisible()).toBe(true)
    expect(await page.locator('button').count()).toBe(0)
  })
})

describe('the page of a run whose every word is hostile', () => {
  it.each([
    ['screen', {}],
    ['phone', PHONE],
  ])('neither acts nor breaks (%s)', async (name, options) => {
    await using opened = await openFile(browser, evil, options)
    const { page, troubles, requests } = opened
    await page.screenshot({ path: path.join(pictures, `hostile-${name}.png`), fullPage: true })
    expect(troubles).toEqual([])
    expect(requests).toEqual([])
    expect(await overflowPx(page)).toBe(0)
    const counts = await page.evaluate(
      '["script:not([type])", "img", "iframe", "failure", "b[class=evil]", "a[href^=http]"].map((what) => document.querySelectorAll(what).length)',
    )
    expect(counts).toEqual([1, 0, 0, 0, 0, 0])
    expect(await page.evaluate('document.body.innerText')).not.toMatch(/(?![\u200c\u200d])\p{Cf}/u)
    // The words are there, as words: nothing was lost by making them harmless.
    expect(await page.locator('#checks').innerText()).toContain('<script>alert(1)</script>')
    await page.locator('.exchange > summary').first().click()
    await page.getByLabel(/^Search calls/).fill('<script>')
    expect(await page.locator('#calls tbody tr:visible').count()).toBeGreaterThan(0)
  })
})
