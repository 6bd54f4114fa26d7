import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import http from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exampleManifest } from '../../report/example/manifest.ts'
import { exampleVerdict, exampleVerdicts } from '../../report/example/verdicts.ts'
import { exportShelf } from './export.ts'
import { readShelf } from './read-runs.ts'
import { fileInside, serveShelf } from './serve.ts'

let top = ''
let reports = ''

async function run(id: string, files: Record<string, string> = {}): Promise<void> {
  const folder = path.join(reports, id)
  await mkdir(folder, { recursive: true })
  const startedAt = `${path.basename(id)}T09:00:00.000Z`
  const whole = {
    'manifest.json': JSON.stringify({ ...exampleManifest({}, 0), startedAt }),
    'verdicts.json': JSON.stringify(exampleVerdicts('pass', [exampleVerdict('pass')], 'held')),
    'report.html': '<h1>one run</h1>',
    ...files,
  }
  for (const [name, text] of Object.entries(whole)) if (text !== '') await writeFile(path.join(folder, name), text)
}

beforeAll(async () => {
  top = await mkdtemp(path.join(tmpdir(), 'stampede-shelf-'))
  reports = path.join(top, 'reports')
  await writeFile(path.join(top, 'secret.json'), '{}')
  await run('runaway-loop/2026-03-01')
  await run('runaway-loop/2026-03-02')
  await run('sample')
  await run('slow/no-json', { 'manifest.json': '{' })
  await run('slow/no-verdicts', { 'verdicts.json': '' })
  await run('slow/odd-verdicts', { 'verdicts.json': '{"verdicts":7}' })
  await run('slow/running', { 'verdicts.json': '', 'manifest.json': JSON.stringify({ ...exampleManifest({}, 0), state: 'running' }) })
  await mkdir(path.join(reports, 'empty', 'folder'), { recursive: true })
  await symlink('2026-03-02', path.join(reports, 'runaway-loop', 'latest'))
  await symlink(top, path.join(reports, 'runaway-loop', 'out'))
  await symlink(path.join(top, 'secret.json'), path.join(reports, 'runaway-loop', '2026-03-01', 'linked.json'))
})
afterAll(() => rm(top, { recursive: true, force: true }))

describe('a folder of runs', () => {
  it('is read without following links; what cannot be read is damaged, with the reason', async () => {
    const shelf = await readShelf(reports)
    expect(shelf.runs.map(({ id }) => id).sort()).toEqual(['runaway-loop/2026-03-01', 'runaway-loop/2026-03-02', 'sample'])
    expect(Object.fromEntries(shelf.damaged.map(({ id, problem }) => [id, problem]))).toEqual({
      'slow/no-json': 'manifest.json is no JSON',
      'slow/no-verdicts': 'it was never judged: npm run judge <folder>',
      'slow/odd-verdicts': expect.stringContaining('holds no verdicts'),
      'slow/running': 'it runs still, or was killed: it was never judged',
    })
  })

  it('that is not there is said', async () => {
    await expect(readShelf(path.join(top, 'nowhere'))).rejects.toMatchObject({ code: 'REPORTS_NOT_FOUND' })
  })
})

describe('a file of a run', () => {
  it.each([
    ['runaway-loop', '2026-03-01', 'report.html'],
    ['sample', 'verdicts.json'],
  ])('is found: %s %s', async (...names) => {
    expect(await fileInside(reports, names)).toBe(path.join(reports, ...names))
  })

  it.each([
    [['runaway-loop', '..', '..', 'secret.json']],
    [['runaway-loop', '%2e%2e', '%2e%2e', 'secret.json']],
    [['runaway-loop', '..%2f..%2fsecret.json']],
    [['runaway-loop', '..%5c..%5csecret.json']],
    [['runaway-loop', '', 'report.html']],
    [['runaway-loop', '2026-03-01', 'report.html%00.json']],
    [['runaway-loop', 'out', 'secret.json']],
    [['runaway-loop', '2026-03-01', 'linked.json']],
    [['runaway-loop', '2026-03-01']],
    [['C:', 'secret.json']],
    [['runaway-loop', '%zz']],
  ])('outside the runs is none: %j', async (names) => {
    expect(await fileInside(reports, names)).toBeUndefined()
  })
})

describe('the local page', () => {
  /** By hand: what a browser's fetch would tidy away is what is tried. */
  async function get(url: string, target: string, options: http.RequestOptions = {}) {
    return await new Promise<{ status: number; headers: http.IncomingHttpHeaders; text: string }>((resolve, reject) => {
      const request = http.request(url, { path: target, ...options }, (response) => {
        let text = ''
        response.on('data', (chunk: Buffer) => {
          text += chunk.toString()
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
      })
      request.on('error', reject)
      request.end()
    })
  }

  it('shows the runs and two of them, to this machine only, and only to read', async () => {
    await using shelving = await serveShelf(reports, 0)
    const { url } = shelving
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/)
    const home = await get(url, '/')
    expect(home.status).toBe(200)
    expect(home.headers['content-security-policy']).toContain("default-src 'none'")
    expect(home.text).toContain('3 runs in')
    expect((await get(url, '/?scenario=runaway-loop&status=fail')).text).toContain('that fits')
    expect((await get(url, '/compare')).text).toContain('side by side')
    expect((await get(url, '/compare?before=runaway-loop%2F2026-03-01&after=sample')).status).toBe(200)
    expect((await get(url, '/compare?before=..%2Fsecret.json&after=sample')).status).toBe(404)
    const report = await get(url, '/run/runaway-loop/2026-03-01/report.html')
    expect([report.text, report.headers['content-security-policy']]).toEqual(['<h1>one run</h1>', 'sandbox allow-scripts'])
    for (const target of [
      '/run/runaway-loop/../../secret.json',
      '/run/runaway-loop/%2e%2e/%2e%2e/secret.json',
      '/run//etc/passwd',
      '/secret.json',
    ])
      expect((await get(url, target)).status).toBe(404)
    expect((await get(url, '/', { headers: { host: 'evil.example' } })).status).toBe(421)
    expect((await get(url, '/', { method: 'DELETE' })).status).toBe(405)
    const { port } = new URL(url)
    await expect(serveShelf(reports, Number(port))).rejects.toMatchObject({ code: 'PORT_IN_USE' })
  })
})

describe('the export', () => {
  it('writes the pages with links that hold, writes again into its own folder, and into no other', async () => {
    const into = path.join(top, 'site')
    const shelf = await readShelf(reports)
    await exportShelf(shelf, into)
    await exportShelf(shelf, into)
    const pages = (await readdir(into)).filter((name) => name.endsWith('.html')).sort()
    expect(pages[0]).toBe('compare-1.html')
    for (const page of pages) {
      const text = await readFile(path.join(into, page), 'utf8')
      expect(text).not.toContain('<form')
      for (const [, link = ''] of text.matchAll(/href="([^"#]+)"/g)) await readFile(path.join(into, decodeURIComponent(link)))
    }
    await expect(exportShelf(shelf, top)).rejects.toMatchObject({ code: 'EXPORT_NOT_EMPTY' })
  })
})
