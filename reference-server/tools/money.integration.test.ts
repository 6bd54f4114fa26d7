// Money, over HTTP against a real Postgres: once a key, never more than there was, above a limit with a person's word, on any instance.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type DeskServices, startDeskServices } from '../../tests/fixtures/desk-services.ts'
import { type Desk, openDesk, TOKENS } from '../fixtures/desk.ts'
import { decidedCases } from '../policy/cases.ts'

let services: DeskServices
let desk: Desk
let other: Desk
let key = ''

beforeEach(() => {
  key = randomUUID()
})

beforeAll(async () => {
  services = await startDeskServices(AbortSignal.timeout(60_000))
  desk = await openDesk(services.addresses)
  other = await openDesk(services.addresses, { INSTANCE: 'server-2' })
})

afterAll(async () => {
  await other?.[Symbol.asyncDispose]()
  await desk?.[Symbol.asyncDispose]()
  await services?.[Symbol.asyncDispose]()
})

const refund = (args: Record<string, unknown>, at = desk, token = TOKENS.every0) =>
  at.call('refund_order', { reason: 'arrived broken', ...args }, token)
const review = (args: Record<string, unknown>, at = other, token = TOKENS.approver) => at.call('review_refund', args, token)
const refunds = () =>
  services.postgres.query<{ amount_cents: string }>('select amount_cents from ledger.refunds where idempotency_key = $1', [key])
const order = async (orderNumber: string) =>
  (
    await services.postgres.query<{ amount: number; refunded: number }>(
      `select amount_cents::int as amount, refunded_cents::int as refunded from ledger.orders where tenant = 't0' and order_number = $1`,
      [orderNumber],
    )
  )[0] ?? { amount: 0, refunded: 0 }
const audited = (tool: string) =>
  services.postgres.query(`select key_id, agent, tenant, arguments_hash from desk.audit where tool = $1 order by id`, [tool])

describe('a refund', () => {
  test('wants a key, from the argument or the header', async () => {
    const { status, isError, data } = await refund({ orderNumber: 'ORD-000001', amountCents: 100 })
    expect([status, isError, data.code, data.retryable]).toEqual([200, true, 'IDEMPOTENCY_REQUIRED', false])
    expect((await order('ORD-000001')).refunded).toBe(0)
  })

  test('asked for ten times at once on two instances moves money once, and leaves one audit row with the token and the hash', async () => {
    const { refunded } = await order('ORD-000002')
    const before = (await audited('refund_order')).length
    const ten = Array.from({ length: 10 }, (_, i) =>
      refund({ orderNumber: 'ORD-000002', amountCents: 250, idempotencyKey: key }, i % 2 ? desk : other),
    )
    const answers = await Promise.all(ten)
    expect(answers.filter(({ isError }) => isError)).toEqual([])
    expect(new Set(answers.map(({ data }) => JSON.stringify(data))).size).toBe(1)
    expect((await order('ORD-000002')).refunded).toBe(refunded + 250)
    expect(await refunds()).toHaveLength(1)
    const rows = (await audited('refund_order')).slice(before)
    expect(rows).toEqual([{ key_id: 'e0', agent: 'every-0', tenant: 't0', arguments_hash: expect.stringMatching(/^[0-9a-f]{64}$/) }])
  })

  test('never gives back more than the order cost, however many ask at once', async () => {
    const { amount } = await order('ORD-000003')
    await services.postgres.query(
      `update ledger.orders set refunded_cents = amount_cents - 1000 where tenant = 't0' and order_number = 'ORD-000003'`,
    )
    const eight = Array.from({ length: 8 }, (_, i) =>
      refund({ orderNumber: 'ORD-000003', amountCents: 300, idempotencyKey: `${key}-${i}` }),
    )
    const answers = await Promise.all(eight)
    expect(answers.map(({ data }) => data.code ?? 'ok').toSorted()).toEqual([...Array(5).fill('INVALID_ARGUMENTS'), ...Array(3).fill('ok')])
    expect(await order('ORD-000003')).toEqual({ amount, refunded: amount - 100 })
  })

  test('that is refused leaves nothing: no row, no audit, no key', async () => {
    const before = (await audited('refund_order')).length
    const { data } = await refund({ orderNumber: 'ORD-999999', amountCents: 100, idempotencyKey: key })
    expect(data.code).toBe('INVALID_ARGUMENTS')
    expect(await audited('refund_order')).toHaveLength(before)
    expect(await services.postgres.query('select 1 from desk.idempotency_keys where key = $1', [key])).toEqual([])
  })
})

describe('above the limit of the tier', () => {
  const large = (more: Record<string, unknown> = {}) => ({
    orderNumber: 'ORD-000010',
    amountCents: 20_001,
    idempotencyKey: key,
    ...more,
  })
  const asked = async (more: Record<string, unknown> = {}) => {
    const { status, data, body } = await refund(large(more))
    expect([status, data.code, data.retryable]).toEqual([403, 'POLICY_REVIEW_REQUIRED', false])
    expect(JSON.stringify(body)).toContain(String(data.reviewId))
    return String(data.reviewId)
  }

  test('a person approves on another instance, then it runs, once', async () => {
    await services.postgres.query(`update ledger.orders set amount_cents = 400000 where tenant = 't0' and order_number = 'ORD-000010'`)
    const before = (await audited('review_refund')).length
    const reviewId = await asked()
    expect(await asked()).toBe(reviewId)
    const { data: shown } = await review({ reviewId })
    expect([shown.decision, shown.reason, (shown.arguments as { amountCents: number }).amountCents]).toEqual([null, null, 20_001])
    expect((await review({ reviewId, decision: 'approve' })).data.code).toBe('INVALID_ARGUMENTS')
    const { data, isError } = await review({ reviewId, decision: 'approve', reason: 'two parcels were lost' })
    expect([isError, data.decision, data.askedBy, data.arguments]).toEqual([
      false,
      'approved',
      'every-0',
      { orderNumber: 'ORD-000010', amountCents: 20_001, reason: 'arrived broken', idempotencyKey: key },
    ])
    const [first, again] = [await refund(large()), await refund(large(), other)]
    expect([first.isError, again.isError, again.data]).toEqual([false, false, first.data])
    expect(await refunds()).toHaveLength(1)
    expect(await audited('review_refund')).toHaveLength(before + 1)
  })

  test('a yes lapses after a week: the same call is asked about anew, and runs once it is approved again', async () => {
    const reviewId = await asked()
    await review({ reviewId, decision: 'approve', reason: 'for now' })
    await services.postgres.query(`update desk.reviews set decided_at = now() - interval '8 days' where id = $1`, [reviewId])
    expect([await asked(), await asked()]).toEqual([reviewId, reviewId])
    expect((await review({ reviewId })).data).toMatchObject({ decision: null, reason: null })
    await review({ reviewId, decision: 'approve', reason: 'still true' })
    expect((await refund(large({ orderNumber: 'ORD-000012' }))).data.code).toBe('POLICY_REVIEW_REQUIRED')
    expect(await refund(large())).toMatchObject({ isError: false })
    expect(await refunds()).toHaveLength(1)
  })

  test('the word is for these arguments and this key: another sum, order, key or agent is asked about anew', async () => {
    const reviewId = await asked()
    await review({ reviewId, decision: 'approve', reason: 'this one only' })
    const others = [
      await asked({ amountCents: 20_002 }),
      await asked({ orderNumber: 'ORD-000011' }),
      await asked({ idempotencyKey: `${key}-2` }),
      await asked({ reason: 'another reason' }),
    ]
    expect(new Set([reviewId, ...others]).size).toBe(5)
    expect(await refunds()).toEqual([])
  })

  test('rejected is final, and says why', async () => {
    const reviewId = await asked()
    await review({ reviewId, decision: 'reject', reason: 'the customer kept the goods' })
    const { status, data, body } = await refund(large(), other)
    expect([status, data.code, data.retryable]).toEqual([403, 'DENIED', false])
    expect(JSON.stringify(body)).toContain('the customer kept the goods')
    const late = await review({ reviewId, decision: 'approve', reason: 'changed my mind' })
    expect([late.isError, late.data.code]).toEqual([true, 'INVALID_ARGUMENTS'])
    expect((await review({ reviewId, decision: 'reject', reason: 'said again' })).data.reason).toBe('the customer kept the goods')
    expect(await refunds()).toEqual([])
  })

  test('who asked cannot approve; who may not, cannot either', async () => {
    const reviewId = await asked()
    const own = await review({ reviewId, decision: 'approve', reason: 'I say so' }, desk, TOKENS.every0)
    expect([own.isError, own.data.code]).toEqual([true, 'DENIED'])
    const stranger = await review({ reviewId, decision: 'approve', reason: 'I say so' }, desk, TOKENS.t0)
    expect([stranger.status, stranger.data.code]).toEqual([403, 'INSUFFICIENT_SCOPE'])
    const [row] = await services.postgres.query(`select decision from desk.reviews where id = $1`, [reviewId])
    expect(row?.decision).toBeNull()
  })

  test('decisions become cases: what the policy read, the word and the reason, and nothing of the order', async () => {
    const cases = await decidedCases(`postgres://postgres@${services.postgres.address}/postgres`)
    expect(cases).toContainEqual({
      tool: 'refund_order',
      tier: 'paid',
      facts: { amountCents: 20_001 },
      decision: 'rejected',
      reason: 'the customer kept the goods',
    })
    expect(JSON.stringify(cases)).not.toMatch(/ORD-|arrived broken|every-0/)
  })
})
