import { describe, expect, test } from 'vitest'
import { closedUnread, endedStream, refused, served, toolError, unavailable, without } from '../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../tests/fixtures/histories/build.ts'
import { find, verdictOf, witnesses } from '../../tests/fixtures/histories/judged.ts'
import { errorTaxonomy } from './error-taxonomy.ts'

const answered = (...answers: Parameters<ReturnType<typeof aRun>['call']>[0]['answer'][]) => {
  const story = aRun().agent('a').call({ of: 'a', atMs: 3_000, answer: served() })
  answers.forEach((answer, n) => {
    if (answer) story.call({ of: 'a', atMs: 4_000 + n * 100, answer })
  })
  return story
}

const saying = (message: string) => toolError('INTERNAL', 30, { message })

describe('error-taxonomy', () => {
  test('holds for typed errors with plain sentences', () => {
    const story = answered(
      refused({ message: 'The budget of this agent is spent; try again in 1.6 seconds.' }),
      unavailable(),
      toolError('INVALID_ARGUMENTS'),
    )
    expect(find(errorTaxonomy, story)).toMatchObject({ status: 'pass', measured: 0, samples: 3 })
  })

  test.each([
    ['a stack trace', 'TypeError: x\n    at run (file:///srv/index.js:10:5)'],
    ['a stack trace', 'TypeError: x at run (index.js:10:5)'],
    ['a stack trace', 'failed at file:///srv/index.js:10:5'],
    ['a stack trace', 'x\n    at index.js:10:5'],
    ['a stack trace', 'Traceback (most recent call last): …'],
    ['a stack trace', "thread 'main' panicked at src/orders.rs:10:5: called `Option::unwrap()`"],
    ['a stack trace', 'Oops\r\n   at Orders.Store.Find(String id)\r\n   at Orders.Tool.Run()'],
    ['a stack trace', 'Oops\n   at Orders.Store.Find(String id) in /src/Store.cs:line 42'],
    ['a stack trace', 'at com.example.Store.find(Store.kt:42)'],
    ['a line of SQL', 'failed: select id, name from customers where id = 1'],
    ['a line of SQL', 'delete from sessions where id = $1'],
    ['a line of SQL', 'select name from customers order by name'],
    ['a line of SQL', 'cannot run DELETE FROM sessions'],
    ['a line of SQL', 'cannot run SELECT now() FROM clock'],
    ['words of the database', 'relation "orders" does not exist'],
    ['words of the database', 'duplicate key value violates unique constraint "x"'],
    ['words of the database', 'canceling statement due to statement timeout'],
    ['words of the database', 'FATAL: the database system is starting up'],
    ['words of the database', 'password authentication failed for user "app"'],
    ['words of the database', 'QueuePool limit of size 5 overflow 10 reached, connection timed out'],
    ['words of the database', 'org.postgresql.util.PSQLException: the connection attempt failed.'],
    ['words of the database', 'HikariPool-1 - Connection is not available, request timed out after 30000ms'],
    ['words of the database', 'ERROR: no such column (SQLSTATE 42703)'],
    ['words of the database', 'pool timed out while waiting for an open connection'],
    ['words of the database', "READONLY You can't write against a read only replica."],
    ['words of the database', 'LOADING Redis is loading the dataset in memory'],
    ['words of the database', 'Connection terminated unexpectedly'],
    ['words of the database', 'timeout exceeded when trying to connect'],
    ['words of the database', 'SQLITE_BUSY: database is locked'],
    ['words of the program', "Cannot read properties of undefined (reading 'rows')"],
    ['words of the program', "'NoneType' object is not subscriptable"],
    ['words of the program', 'rows.map is not a function'],
    ['words of the program', 'runtime error: invalid memory address or nil pointer dereference'],
    ['an address', "HTTPConnectionPool(host='rates', port=80): Max retries exceeded with url: /v1"],
    ['an address', 'Get "http://rates.internal/v1": context deadline exceeded'],
    ['an address', 'could not translate host name "orders-db" to address'],
    ['an address', 'connection failed: connection to server at "orders-db" (::1), port 5432 failed'],
    ['an address', "[Errno 111] Connect call failed ('127.0.0.1', 5432)"],
    ['an address', 'Error 111 connecting to orders-cache:6379. Connection refused.'],
    ['an address', 'Connection to orders-db:5432 refused. Check that the hostname and port are correct'],
    ['an address', 'error communicating with database: Connection refused (os error 111)'],
    ['an address', 'dial tcp [::1]:5432: connect: connection refused'],
    ['an address', 'dial tcp: lookup orders-db: no such host'],
    ['an address', 'connect ECONNREFUSED'],
    ['an address', 'cannot reach 10.0.3.7:5432'],
    ['an address', 'postgres://app:secret@db/app'],
    ['a path of the server', 'cannot read /var/lib/app/secret.json'],
  ])('fails for %s: %s', (what, message) => {
    expect(find(errorTaxonomy, answered(saying(message)))).toMatchObject({
      status: 'fail',
      measured: 1,
      witnesses: [1],
      says: expect.stringContaining(what),
    })
  })

  describe('a failure that is told as a success', () => {
    /** Two seconds of calm, then Postgres is away for eight. */
    const outage = (calm: boolean, told: boolean) => {
      const story = aRun().agent('a').fault('postgres-refused')
      story.calls({ of: 'a', fromMs: 3_000, toMs: 5_000, everyMs: 50, answer: served(5, { correct: calm }) })
      story.call({ of: 'a', atMs: 12_000, answer: unavailable() })
      return story.calls({ of: 'a', fromMs: 12_100, toMs: 13_000, everyMs: 100, answer: served(5, { correct: told }) })
    }

    test('fails: answers break the rules of their role while what they need is broken, and never before', () => {
      const story = outage(true, false)
      const found = find(errorTaxonomy, story)
      expect(found).toMatchObject({ status: 'fail', measured: 9, says: expect.stringContaining('9 errors of 10: a success that is none') })
      expect(witnesses(story, found)[0]).toMatchObject({ sentAtMs: 12_101, class: 'served' })
    })

    test('fails: "Error" is all that it says, whatever the rules of the role are', () => {
      const said = (calm: string, told: string) => {
        const story = aRun().agent('a').fault('postgres-refused')
        story.calls({ of: 'a', fromMs: 3_000, toMs: 5_000, everyMs: 50, answer: served(5, { message: calm }) })
        return story.calls({ of: 'a', fromMs: 12_000, toMs: 13_000, everyMs: 100, answer: served(5, { message: told }) })
      }
      expect(find(errorTaxonomy, said('3 tables', 'Error: the database does not answer'))).toMatchObject({ status: 'fail', measured: 10 })
      expect(find(errorTaxonomy, said('3 tables', 'Failed to list tables'))).toMatchObject({ status: 'fail', measured: 10 })
      expect(find(errorTaxonomy, said('3 tables', 'errors_by_day, invoices, orders'))).toMatchObject({ notExercised: true })
      expect(find(errorTaxonomy, said('Error budget: 3', 'Error budget: 4'))).toMatchObject({ notExercised: true })
    })

    test('fails: it is told as the mistake of a caller who has made none before; a gone session is none, nor is one of many', () => {
      const blamed = (answer: Parameters<ReturnType<typeof aRun>['call']>[0]['answer'], calm = served(5), on = 'postgres') => {
        const story = aRun().agent('a').fault('postgres-refused', { on })
        story.calls({ of: 'a', fromMs: 3_000, toMs: 5_000, everyMs: 50, answer: calm })
        return answer ? story.calls({ of: 'a', fromMs: 12_000, toMs: 13_000, everyMs: 100, answer }) : story
      }
      const keyless = { afterMs: 5, evidence: { status: 401, parsed: true, rpcCode: 40_101, data: { code: 'UNAUTHENTICATED' } } }
      for (const answer of [toolError('INVALID_ARGUMENTS'), keyless]) {
        const found = find(errorTaxonomy, blamed(answer))
        expect(found).toMatchObject({ status: 'fail', measured: 10, says: expect.stringContaining('caller’s mistake') })
        expect(find(errorTaxonomy, blamed(answer, answer)).status).toBe('pass')
        expect(find(errorTaxonomy, blamed(answer, served(5), 'upstream')).status).toBe('pass')
        const rare = blamed(unavailable()).calls({ of: 'a', fromMs: 13_000, toMs: 14_000, everyMs: 20, answer: unavailable() })
        expect(find(errorTaxonomy, rare.call({ of: 'a', atMs: 14_000, answer })).status).toBe('pass')
      }
      const gone = { afterMs: 5, evidence: { status: 400, parsed: true, rpcCode: -32_000, message: 'No valid session ID provided' } }
      expect(find(errorTaxonomy, blamed(gone)).status).toBe('pass')
    })

    test('holds: right answers, rules that were broken before as well, what needs nothing that is broken, and a single one of many', () => {
      expect(find(errorTaxonomy, outage(true, true)).status).toBe('pass')
      expect(find(errorTaxonomy, outage(false, false)).status).toBe('pass')
      const elsewhere = outage(true, false)
      for (const fault of elsewhere.faults) fault.dependency = 'upstream'
      expect(find(errorTaxonomy, elsewhere).status).toBe('pass')
      const once = outage(true, true).calls({ of: 'a', fromMs: 13_000, toMs: 17_000, everyMs: 50, answer: served(5, { correct: true }) })
      expect(find(errorTaxonomy, once.call({ of: 'a', atMs: 17_000, answer: served(5, { correct: false }) })).status).toBe('pass')
    })
  })

  test('data that is a sentence is looked at as well, and so is a page of errors, but for the path that was asked', () => {
    const thrown = { status: 200, parsed: true, rpcCode: -32_603, message: 'Internal error', data: { data: 'connect ECONNREFUSED' } }
    expect(find(errorTaxonomy, answered({ afterMs: 5, evidence: thrown }))).toMatchObject({ status: 'fail', measured: 1 })
    const page = (message: string) => {
      const story = answered({ afterMs: 5, evidence: { status: 404, contentType: 'text/html', parsed: false, message } })
      story.manifest.url = 'http://127.0.0.1:1/app/mcp'
      return find(errorTaxonomy, story).status
    }
    expect(page('<pre>Cannot POST /app/mcp</pre>')).toBe('pass')
    expect(page('<pre>Cannot read /app/settings.json</pre>')).toBe('fail')
  })

  test('an event stream that ends without an answer is none, unless its instance was stopped, or it may go on', () => {
    const one = answered(refused(), endedStream())
    expect(find(errorTaxonomy, one)).toMatchObject({ status: 'fail', measured: 1, says: expect.stringContaining('an event stream that') })
    const stopped = answered(refused(), endedStream()).fault('server-drained', { on: 'server', fromMs: 3_500, toMs: 5_000 })
    expect(find(errorTaxonomy, stopped)).toMatchObject({ status: 'pass', samples: 1 })
    const resumable = answered(refused(), endedStream(20, 'id: 7_1\ndata:\n\n'))
    expect(find(errorTaxonomy, resumable).status).toBe('fail')
    resumable.manifest.protocol = '2025-11-25'
    expect(find(errorTaxonomy, resumable)).toMatchObject({ status: 'unknown', says: expect.stringContaining('undici') })
  })

  test('a 408 that crosses the call, on a connection closed unread, is no error of the server; one that its log has is', () => {
    expect(find(errorTaxonomy, answered(refused(), closedUnread()))).toMatchObject({ status: 'pass', samples: 1 })
    const logged = answered(refused()).call({ of: 'a', atMs: 5_000, answer: closedUnread(), serverMs: 200 })
    expect(find(errorTaxonomy, logged)).toMatchObject({ status: 'fail', measured: 1, says: expect.stringContaining('HTTP 408') })
    const worded = { afterMs: 20, evidence: { status: 408, sizeBytes: 15, parsed: false } }
    expect(find(errorTaxonomy, answered(refused(), worded))).toMatchObject({ status: 'fail', measured: 1 })
  })

  test('the address that was asked is nothing of the inside; another port of that machine is', () => {
    const story = answered(saying('See http://127.0.0.1:4123/errors#rate-limited.'))
    expect(find(errorTaxonomy, story).status).toBe('fail')
    story.manifest.url = 'http://127.0.0.1:4123/v1/mcp'
    expect(find(errorTaxonomy, story).status).toBe('pass')
    story.manifest.url = 'http://127.0.0.1:412/v1/mcp'
    expect(find(errorTaxonomy, story).status).toBe('fail')
  })

  test('what its caller sent may be quoted: a path, a statement', () => {
    const story = answered(saying('no file /srv/ann/notes.md'), saying('cannot run select a, b from c where d = "x"'))
    expect(find(errorTaxonomy, story)).toMatchObject({ status: 'fail', measured: 2 })
    const [, first, second] = story.plan.agents[0]?.tasks ?? []
    for (const [task, given] of [
      [first, { path: '/srv/ann/notes.md' }],
      [second, { query: { sql: 'select a, b from c where d = "x"' } }],
    ] as const)
      for (const call of task?.calls ?? []) call.arguments = given
    expect(find(errorTaxonomy, story)).toMatchObject({ status: 'pass', samples: 2 })
  })

  test('so may a path out of an earlier answer, which led there; words of the database may not', () => {
    const led = (message: string) => {
      const story = answered(saying(message))
      for (const send of story.sends.slice(1)) send.turn = 2
      return story
    }
    expect(find(errorTaxonomy, led('cannot open /srv/ann/drafts/7.md')).status).toBe('pass')
    expect(find(errorTaxonomy, led('relation "drafts" does not exist')).status).toBe('fail')
  })

  test.each([
    'Select a customer from the list first.',
    'There is no such table: invoicez. See list_tables.',
    'A discount is not a function of the amount.',
    'Try again at 10:30:15.',
    'Amount must be at most 10.50.',
    'Use the path /invoices/2026 instead.',
    'Please select one from the list.',
    'You cannot delete from this archive.',
    'Unknown word at main.tf:3:5.',
    'The query is not valid (SQLSTATE 42703).',
    'There were 2 errors:\n  at least one name is missing\n  at most 5 are allowed',
    'The connection to the order service is lost.',
    'Cannot delete from archived projects.',
    'Only SELECT is allowed here, not DELETE FROM or UPDATE.',
    'A query begins with SELECT and has a FROM clause.',
    'DELETE FROM is not allowed.',
    'Permission denied for table invoices.',
    'You may select items from tickets where you are the owner.',
  ])('plain words are none of that: %s', (message) => expect(find(errorTaxonomy, answered(saying(message))).status).toBe('pass'))

  test('fails for a bare 500 and a 503 without a code, one witness of each kind first', () => {
    const bare = { afterMs: 5, evidence: { status: 500, parsed: false } }
    const untold = { afterMs: 5, evidence: { status: 503, contentType: 'text/plain', parsed: false } }
    const found = find(errorTaxonomy, answered(bare, bare, untold))
    expect(found).toMatchObject({ status: 'fail', measured: 3, witnesses: [1, 3, 2] })
  })

  test('says of an answer under another id what it is', () => {
    const found = find(errorTaxonomy, answered(served(20, { rpcId: 'st-another-call' }), served(20, { parsed: false })))
    expect(found.says).toBe('1 error of 2: an answer under the id of another call; 1 error of 2: an answer that is no JSON-RPC (HTTP 200)')
  })

  test('a 503 with a code of the server’s own has a code, known to us or not', () => {
    const busy = unavailable({ rpcCode: -32_000, data: { code: 'WORKERS_BUSY', retryAfterMs: 1_900 } })
    const numbered = without(unavailable({ rpcCode: 50_399 }), 'data')
    const story = answered(busy, numbered)
    expect(find(errorTaxonomy, story)).toMatchObject({ status: 'pass', samples: 2 })
    story.manifest.declared.errorCodes = ['WORKERS_BUSY', '50399']
    expect(find(errorTaxonomy, story).status).toBe('pass')
    story.manifest.declared.errorCodes = ['WORKERS_BUSY']
    expect(find(errorTaxonomy, story)).toMatchObject({ status: 'fail', witnesses: [2] })
    const untold = without(unavailable({ rpcCode: -32_603 }), 'data')
    expect(find(errorTaxonomy, answered(untold))).toMatchObject({ status: 'fail', says: expect.stringContaining('without a code') })
  })

  test('holds codes to the table that the target declares', () => {
    const story = answered(toolError('SURPRISE'))
    expect(find(errorTaxonomy, story).status).toBe('pass')
    story.manifest.declared.errorCodes = ['RATE_LIMITED']
    expect(find(errorTaxonomy, story)).toMatchObject({ status: 'fail', says: expect.stringContaining('SURPRISE') })
  })

  test('an inner error of JSON-RPC alone is not of the table that is published', () => {
    const story = answered({ afterMs: 5, evidence: { status: 500, parsed: true, rpcCode: -32_603, message: 'Internal error' } })
    expect(find(errorTaxonomy, story).status).toBe('pass')
    story.manifest.declared.errorCodes = ['INTERNAL']
    expect(find(errorTaxonomy, story)).toMatchObject({ status: 'fail', says: expect.stringContaining('code -32603') })
    story.manifest.declared.errorCodes = ['INTERNAL', '-32603']
    expect(find(errorTaxonomy, story).status).toBe('pass')
  })

  test('a code may stand in another field than `code`, or beside one of another kind', () => {
    const told = toolError('', 5, { data: { error: 'ORDER_LOCKED', message: 'The order is locked.' } })
    const both = toolError('', 5, { data: { code: 'E42', name: 'ORDER_LOCKED' } })
    const story = answered(told, both)
    story.manifest.declared.errorCodes = ['ORDER_LOCKED']
    expect(find(errorTaxonomy, story)).toMatchObject({ status: 'pass', samples: 2 })
    story.manifest.declared.errorCodes = ['RATE_LIMITED']
    expect(find(errorTaxonomy, story)).toMatchObject({ status: 'fail', measured: 2 })
  })

  test('a code of that table is published, whether or not we know what it means', () => {
    const paid = { afterMs: 5, evidence: { status: 402, parsed: true, rpcCode: -31_402, data: { code: 'PLAN_ENDED' } } }
    const numbered = { afterMs: 5, evidence: { status: 200, parsed: true, rpcCode: -31_001, message: 'The order is locked.' } }
    const story = answered(toolError('ORDER_LOCKED'), paid, numbered)
    story.manifest.declared.errorCodes = ['ORDER_LOCKED', 'PLAN_ENDED', '-31001']
    expect(find(errorTaxonomy, story)).toMatchObject({ status: 'pass', samples: 3 })
    story.manifest.declared.errorCodes = ['ORDER_LOCKED', 'PLAN_ENDED']
    expect(find(errorTaxonomy, story)).toMatchObject({ status: 'fail', witnesses: [3] })
  })

  test('where no table is published, an error may be one of JSON-RPC with a code of the server’s own', () => {
    const evidence = { status: 200, parsed: true, message: 'The archive is being rebuilt.' }
    expect(find(errorTaxonomy, answered({ afterMs: 5, evidence: { ...evidence, rpcCode: -32_000 } }))).toMatchObject({
      status: 'pass',
      samples: 1,
    })
    expect(find(errorTaxonomy, answered({ afterMs: 5, evidence })).status).toBe('fail')
    const story = answered({ afterMs: 5, evidence: { ...evidence, rpcCode: -32_000 } })
    story.manifest.declared.errorCodes = ['ARCHIVE_REBUILT']
    expect(find(errorTaxonomy, story).status).toBe('fail')
  })

  test('fails when page two is refused with the cursor of page one', () => {
    const refusal = toolError('INVALID_ARGUMENTS', 30, { message: 'This cursor is unknown or too old; begin again without one.' })
    const story = answered(refusal)
    expect(find(errorTaxonomy, story).status).toBe('pass')
    for (const send of story.sends.slice(1)) send.turn = 2
    expect(find(errorTaxonomy, story)).toMatchObject({ status: 'fail', measured: 1, says: expect.stringContaining('cursor') })
  })

  test('a cursor that is refused while an instance is away is refused all the same; a session that has gone is not a cursor', () => {
    const refusal = toolError('INVALID_ARGUMENTS', 30, { message: 'unknown cursor' })
    const story = answered(refusal).fault('server-killed', { on: 'server', fromMs: 3_500, toMs: 5_000 })
    for (const send of story.sends.slice(1)) send.turn = 2
    expect(find(errorTaxonomy, story)).toMatchObject({ status: 'fail', witnesses: [1] })
    const gone = answered({ afterMs: 5, evidence: { status: 404, rpcCode: -32_600, message: 'Session not found' } })
    for (const send of gone.sends.slice(1)) send.turn = 2
    expect(find(errorTaxonomy, gone).status).toBe('pass')
    const unknown = { status: 400, rpcCode: -32_000, message: 'Bad Request: No valid session ID provided' }
    const refusedHere = answered({ afterMs: 5, evidence: unknown })
    for (const send of refusedHere.sends.slice(1)) send.turn = 2
    expect(find(errorTaxonomy, refusedHere).status).toBe('pass')
  })

  test('leaves out what a fault at the server did, and has no weight without an error', () => {
    const killed = answered({ afterMs: 5, evidence: { status: 502, parsed: false } }).fault('server-killed', {
      on: 'server',
      fromMs: 3_500,
      toMs: 5_000,
    })
    expect(find(errorTaxonomy, killed)).toMatchObject({ notExercised: true })
  })

  test('is not judged when answers cannot be seen; unknown where it is essential and nothing failed', () => {
    expect(verdictOf(answered().hides('responses', 'x'), 'error-taxonomy').status).toBe('not-judged')
    expect(verdictOf(answered().check('error-taxonomy', {}, { essential: true }), 'error-taxonomy').status).toBe('unknown')
  })
})
