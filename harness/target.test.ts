import { expect, test } from 'vitest'
import { asked } from './errors.ts'
import { target, todo } from './target.ts'

test('a todo is refused with the line on which it stands, also from inside a function of the target', () => {
  const own = target({ url: 'http://127.0.0.1:1/mcp', tools: { cheapRead: { name: 'a', arguments: () => ({ id: todo('customer id') }) } } })
  expect(() => asked('tools.cheapRead.arguments', () => own.tools?.cheapRead?.arguments?.({} as never))).toThrow(
    expect.objectContaining({
      code: 'ARGUMENT_MISSING',
      message: expect.stringMatching(/customer id \(.*target\.test\.ts:6\)$/),
      hint: "put a value in the place of todo('customer id')",
    }),
  )
})
