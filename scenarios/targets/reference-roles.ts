// What each tool of the reference server is for (all of them need Redis, where their budgets are
// counted): arguments as agents would draw them, and what a right answer holds. Names, deadlines
// and needs are the tools' own (tests/reference-target.test.ts keeps the two together).
import type { ToolRole } from '../../harness/target.ts'

const MONTHS = ['01', '02', '03', '04', '05', '06', '07', '08', '09', '10', '11', '12']
/** Share of the questions about invoices. */
const OFTEN_ASKED = 0.3

const cheapRead: ToolRole = {
  name: 'list_tables',
  arguments: () => ({}),
  sloMs: 500,
  deadlineMs: 2_000,
  needs: ['postgres:catalog', 'redis'],
  correct: [{ at: '/structuredContent/tables', is: 'array', minLength: 1 }],
}

/** Sums that read a tenant's invoices of some months; they see the caller's own tenant only. */
const expensiveRead: ToolRole = {
  name: 'run_query',
  arguments(draw) {
    const group = draw.pick(['status', 'currency', 'customer_id', "date_trunc('month', issued_on)"])
    const since = `2026-${draw.pick(MONTHS)}-01`
    const sums = (what: string, where = '') =>
      `select ${what} as what, min(tenant) as tenant, max(tenant) as last_tenant, count(*), sum(amount_cents) from invoices ${where} group by 1 order by 1`
    // Word for word what others ask, of other tenants too: an answer that is kept for them must not be given to this one.
    if (draw.chance(OFTEN_ASKED)) return { sql: sums('status'), limit: 50 }
    return { sql: sums(group, `where issued_on >= '${since}' and memo <> '${draw.secret()}'`), limit: 50 }
  },
  mistakes: (draw) => ({
    sql: draw.pick([
      'select totl from invoices',
      'select * from invoice',
      'select sum(amount_cents from invoices',
      "select amount_cents / 0 from invoices where issued_on = 'yesterday-ish'",
      'select customer_id, count(*) from invoices',
      `select amount_cents from invoices where amount_cents = '${draw.secret()}'`,
    ]),
    limit: 50,
  }),
  sloMs: 1_500,
  deadlineMs: 3_000,
  needs: ['postgres:invoices', 'redis'],
  correct: [{ at: '/structuredContent/rows', is: 'array', minLength: 1 }],
  tenants: [
    { at: '/structuredContent/rows', each: '/tenant' },
    { at: '/structuredContent/rows', each: '/last_tenant' },
  ],
  leadsTo: [{ at: '/structuredContent/cursor', argument: 'cursor', alone: true }],
}

const write: ToolRole = {
  name: 'create_invoice',
  arguments: (draw) => ({
    customer: `C-${digits(draw.int(1, 200), 4)}`,
    amountCents: draw.int(100, 500_000),
    currency: draw.pick(['EUR', 'USD', 'JPY']),
    memo: draw.secret(),
  }),
  idempotencyKey: { argument: 'idempotencyKey' },
  sloMs: 1_500,
  deadlineMs: 3_000,
  needs: ['postgres:customers', 'postgres:invoices', 'redis'],
  correct: [
    { at: '/structuredContent/invoiceNumber', is: 'string' },
    { at: '/structuredContent/amountCents', equals: '/arguments/amountCents' },
  ],
  effects: {
    sql: `select idempotency_key as key, tenant, count(*)::int as rows, array_agg(tenant || ' ' || invoice_number order by id) as names
          from ledger.invoices where idempotency_key like $1 group by idempotency_key, tenant`,
  },
}

/** Small sums on many orders: far below what wants a person's word, and no order runs out. */
const money: ToolRole = {
  name: 'refund_order',
  arguments: (draw) => ({
    orderNumber: `ORD-${digits(draw.int(1, 2_000), 6)}`,
    amountCents: draw.int(1, 50),
    reason: `arrived broken, asks ${draw.secret()}`,
  }),
  idempotencyKey: { argument: 'idempotencyKey' },
  sloMs: 1_500,
  deadlineMs: 3_000,
  needs: ['postgres:orders', 'postgres:refunds', 'redis'],
  correct: [
    { at: '/structuredContent/refundId', is: 'number' },
    { at: '/structuredContent/orderNumber', equals: '/arguments/orderNumber' },
    { at: '/structuredContent/amountCents', equals: '/arguments/amountCents' },
  ],
  effects: {
    sql: `select idempotency_key as key, tenant, count(*)::int as rows, array_agg(tenant || ' refund ' || id order by id) as names
          from ledger.refunds where idempotency_key like $1 group by idempotency_key, tenant`,
  },
}

const external: ToolRole = {
  name: 'get_exchange_rate',
  arguments: (draw) => ({ base: draw.pick(['EUR', 'GBP']), quote: draw.pick(['USD', 'JPY', 'CHF']) }),
  // Well formed, so that they get as far as the API behind: money that is no more, of which it answers 404.
  mistakes: (draw) => ({ base: draw.pick(['EUR', 'GBP']), quote: draw.pick(['DEM', 'FRF', 'ITL', 'ESP']) }),
  sloMs: 1_000,
  deadlineMs: 2_500,
  needs: ['upstream:rates', 'redis'],
  correct: [
    { at: '/structuredContent/rate', is: 'number' },
    { at: '/structuredContent/quote', equals: '/arguments/quote' },
  ],
}

/** About 3 s, most of it a pause that stands for data of real size. */
const slow: ToolRole = {
  name: 'build_report',
  arguments: () => ({ year: 2026 }),
  sloMs: 6_000,
  deadlineMs: 10_000,
  needs: ['postgres:invoices', 'redis'],
  correct: [{ at: '/structuredContent/months', is: 'array', minLength: 12 }],
}

/** Fills an answer up to the server's cap, 256 KiB. */
const large: ToolRole = {
  name: 'export_rows',
  arguments: (draw) => ({ table: draw.pick(['invoices', 'orders']) }),
  sloMs: 2_500,
  deadlineMs: 5_000,
  needs: ['postgres:invoices', 'postgres:orders', 'redis'],
  correct: [
    { at: '/structuredContent/rows', is: 'array', minLength: 500 },
    { at: '/structuredContent/table', equals: '/arguments/table' },
  ],
  leadsTo: [{ at: '/structuredContent/cursor', argument: 'cursor' }],
}

const list: ToolRole = {
  name: 'list_folder',
  arguments: (draw) => ({ path: draw.pick(['/', '/invoices/2026', '/contracts', '/reports', '/archive']) }),
  sloMs: 500,
  deadlineMs: 2_000,
  needs: ['postgres:documents', 'redis'],
  correct: [
    { at: '/structuredContent/folders', is: 'array' },
    { at: '/structuredContent/path', equals: '/arguments/path' },
  ],
  leadsTo: [{ at: '/structuredContent/folders', each: '/path', argument: 'path' }],
}

/** Reads an invoice, then asks for a rate elsewhere. */
const composite: ToolRole = {
  name: 'quote_invoice',
  arguments: (draw) => ({ invoiceNumber: `INV-${digits(draw.int(1, 1_000), 6)}`, currency: draw.pick(['USD', 'JPY', 'CHF']) }),
  sloMs: 1_500,
  deadlineMs: 3_500,
  needs: ['postgres:invoices', 'upstream:rates', 'redis'],
  correct: [{ at: '/structuredContent/quotedCents', is: 'number' }],
}

export const roles = { cheapRead, expensiveRead, write, money, external, slow, large, list, composite }

function digits(number: number, width: number): string {
  return String(number).padStart(width, '0')
}
