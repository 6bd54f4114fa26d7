// `npm run catalogue`: writes docs/catalogue.md anew from what the folders hold.
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { catalogueText, sections } from './fixtures/catalogue.ts'
import { ROOT } from './fixtures/source-files.ts'

await writeFile(path.join(ROOT, 'docs', 'catalogue.md'), catalogueText(await sections()))
