// All of them: what the files of this folder export, found as units are.
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Mutation } from '../mutation.ts'

const files = readdirSync(import.meta.dirname).filter((name) => name !== path.basename(import.meta.filename))
const modules = await Promise.all(
  files.map(
    async (name) => (await import(pathToFileURL(path.join(import.meta.dirname, name)).href)) as Record<string, readonly Mutation[]>,
  ),
)

export const mutations: readonly Mutation[] = modules.flatMap((found) => Object.values(found).flat())
