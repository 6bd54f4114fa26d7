// The reference server as it is, but that `list_tables_still` says what list_tables would without asking Postgres: the whole
// pipeline, Redis and the log included, and no database call. `list_tables` itself is there too.
import { openSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { settingsFrom } from '../../reference-server/config.ts'
import { createLog } from '../../reference-server/log.ts'
import { compose } from '../../reference-server/parts.ts'
import { createDesk } from '../../reference-server/server.ts'
import { migrate } from '../../reference-server/store/migrate.ts'
import { listTables } from '../../reference-server/tools/list-tables.ts'
import { tool } from '../../reference-server/tools/tool.ts'
import { answerFigures } from './worker.ts'

const tables = [
  { name: 'customers', description: 'Whom this tenant bills.', columns: 6 },
  { name: 'invoices', description: 'Invoices with amount in cents, status open, paid or void.', columns: 11 },
]
const still = tool('list_tables_still', { ...listTables, needs: [], run: async () => ({ structured: { tables } }) })

const settings = settingsFrom(process.env)
const log = createLog(settings, openSync(process.env.LOG_FILE ?? '/dev/null', 'a'))
await migrate(settings)
const parts = compose(settings, log)
const desk = createDesk({ ...parts, tools: new Map([...parts.tools, [still.name, still]]) })
await desk.running.warm()
desk.http.listen(0, '127.0.0.1', () => answerFigures((desk.http.address() as AddressInfo).port))
