// DBHub 1.4.0 (npm @bytebase/dbhub): the same server after that was mended, green where 1.2.3 is red.
// Install: node tools/examples/install.mjs dbhub. What was found: docs/wild.md.
import { dbhub } from './dbhub.ts'

export default dbhub('1.4.0')
