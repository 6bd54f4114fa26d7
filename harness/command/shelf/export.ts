// The shelf as files: index.html, a page for each run against the one before it in its series, and each run's own page beside them, for a
// web server or an archive. Opens from a disk too. Nothing is deleted: a folder that holds anything but an earlier export is refused, and
// pages of runs that are gone stay.
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { HarnessError } from '../../errors.ts'
import { comparePage } from '../../report/shelf/compare-page.ts'
import type { Links } from '../../report/shelf/frame.ts'
import { listPage } from '../../report/shelf/list-page.ts'
import { runBefore, type Shelf, seriesOf } from '../../report/shelf/run-card.ts'

/** Marks a folder as ours to write into again. */
const MARK = '.stampede-runs'

/**
 * @returns how many files were written
 * @throws HarnessError `EXPORT_NOT_EMPTY`
 */
export async function exportShelf(shelf: Shelf, into: string): Promise<number> {
  const there = await readdir(into).catch((): string[] => [])
  if (there.length > 0 && !there.includes(MARK))
    throw new HarnessError('EXPORT_NOT_EMPTY', `${JSON.stringify(into)} holds something else`, 'name a new folder, or an empty one')
  const series = seriesOf(shelf.runs)
  const pairs = series.flatMap((one) =>
    one.runs.flatMap((run) => {
      const before = runBefore(one, run)
      return before ? [{ before, run }] : []
    }),
  )
  const names = new Map(pairs.map(({ before, run }, n) => [`${before.id}\n${run.id}`, `compare-${n + 1}.html`]))
  const links: Links = {
    home: 'index.html',
    file: (id, file) => `runs/${id.split('/').map(encodeURIComponent).join('/')}/${encodeURIComponent(file)}`,
    compare: (before, after) => names.get(`${before}\n${after}`),
  }
  await mkdir(into, { recursive: true })
  await writeFile(path.join(into, MARK), 'Written by npm run reports -- --export; it may be written again.\n')
  await writeFile(path.join(into, 'index.html'), listPage(shelf, links))
  for (const { before, run } of pairs)
    await writeFile(path.join(into, names.get(`${before.id}\n${run.id}`) ?? ''), comparePage(before, run, links))
  let copied = 0
  for (const { id, files } of shelf.runs) {
    const folder = path.join(into, 'runs', ...id.split('/'))
    await mkdir(folder, { recursive: true })
    for (const file of files) {
      await copyFile(path.join(shelf.folder, id, file), path.join(folder, file))
      copied++
    }
  }
  return 2 + pairs.length + copied
}
