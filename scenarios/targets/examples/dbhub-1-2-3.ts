// DBHub 1.2.3 (npm @bytebase/dbhub): one that ends for good when idle connections to Postgres break, since nobody listens to the
// pool's errors. Install: node tools/examples/install.mjs dbhub. What was found: docs/wild.md.
import { dbhub } from './dbhub.ts'

export default dbhub('1.2.3')
