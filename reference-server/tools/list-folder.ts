// The tool of the recursive lister: one level a call, folders with the path to ask on with. Paths begin at the tenant's own root
// and are taken as written: nothing is decoded, `.` and `..` are refused, and what is found is still only this tenant's.
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { CallError } from '../errors.ts'
import { ownRows } from './own-rows.ts'
import { tool } from './tool.ts'

const SQL = readFileSync(new URL('./list-folder.sql', import.meta.url), 'utf8')
const PAGE = 200

const folderPath = z
  .string()
  .max(1_000)
  .regex(/^\/([^/\\\p{Cc}]+(\/[^/\\\p{Cc}]+)*)?$/u, 'is a path such as /contracts, without a slash at its end')
  .refine((path) => !/\/\.{1,2}(\/|$)/.test(path), 'must not contain . or ..')

const entry = { path: z.string(), name: z.string() }

export const listFolder = tool('list_folder', {
  description: 'Lists one folder: its folders, to be listed in turn by their path, and its files. Begin at /.',
  class: 'read',
  cost: 'cheap',
  scopes: [],
  needs: ['postgres:documents'],
  deadlineMs: 2_000,
  sloMs: 500,
  list: 'files',
  input: z.strictObject({ path: folderPath.default('/'), cursor: z.string().max(64).optional() }),
  output: z.object({
    path: z.string(),
    folders: z.array(z.object(entry)),
    files: z.array(z.object({ ...entry, sizeBytes: z.int(), modifiedOn: z.string() })),
    truncated: z.boolean(),
    cursor: z.string().optional(),
  }),
  async run({ path, cursor }, { identity, session, cursors }) {
    const from = cursor === undefined ? { path, sort: 0, after: '' } : await cursors.find(identity, 'list_folder', cursor)
    const values = [identity.tenant, from.path, from.sort, from.after, PAGE + 2]
    const rows = ownRows(identity, await session.read({ text: SQL, values }))
    if (from.path !== '/' && rows[0]?.path !== from.path) throw new CallError('INVALID_ARGUMENTS', 'There is no such folder.')
    const inside = rows.filter((row) => row.path !== from.path)
    const page = inside.slice(0, PAGE).map((row) => ({ ...row, name: String(row.path).replace(/.*\//, '') }) as Entry)
    const folders = page.filter(({ kind }) => kind === 'folder').map(({ path: of, name }) => ({ path: of, name }))
    const files = page.filter(({ kind }) => kind === 'file').map(({ kind: _, ...file }) => file)
    return {
      structured: { path: from.path, folders, files, truncated: inside.length > PAGE },
      next: (kept) => cursors.keep(identity, 'list_folder', { path: from.path, ...positionAfter(folders, files, kept) }),
    }
  },
})

interface Entry {
  path: string
  name: string
  kind: string
}

function positionAfter(folders: { path: string }[], files: { path: string }[], kept: number) {
  const lastFile = files[kept - 1]
  return lastFile ? { sort: 1, after: lastFile.path } : { sort: 0, after: folders.at(-1)?.path ?? '' }
}
