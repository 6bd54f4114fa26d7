import { expect, test } from 'vitest'
import { aRun } from '../../tests/fixtures/histories/build.ts'
import { target } from '../target.ts'
import { type SettingOptions, startSetting } from './setting.ts'

test('a dependency on a host that is not named is refused before anything is started', async () => {
  const started: string[] = []
  const options = {
    plan: aRun().agent('steady-01').plan,
    target: target({
      url: 'http://127.0.0.1:1/mcp',
      start: { command: 'false' },
      dependencies: { postgres: { address: 'db.staging.example.com:5432' } },
    }),
    given: {},
    progress: (text: string) => started.push(text),
    signal: new AbortController().signal,
  } as unknown as SettingOptions
  await expect(startSetting(options)).rejects.toMatchObject({ code: 'HOST_NOT_ALLOWED' })
  expect(started).toEqual([])
})
