// The server connects as the database's owner, for whom row-level security does not hold. Of a caller's own SQL nobody else looks at the
// tenant: what the policy forgot is forgotten.
import { weakness } from './weakness.ts'

export default weakness({
  story: 'One connection string was changed to that of the owner "for the migration". Every tenant saw every tenant.',
  source: 'PostgreSQL documentation, "Row Security Policies": superusers and owners bypass them; OWASP API1:2023',
  caughtBy: { scenario: 'noisy-tenant', check: 'tenants-isolated' },
  apply: (parts) => ({
    ...parts,
    connections(options) {
      const { readOnlyRole: _role, ...rest } = options
      return parts.connections(options.name === 'admin' ? options : { ...rest, url: asOwner(parts.settings.DATABASE_ADMIN_URL) })
    },
  }),
})

/** The app's role has its search path from a migration; the owner must say it. */
function asOwner(address: string): string {
  const url = new URL(address)
  url.searchParams.set('options', '-c search_path=ledger')
  return url.href
}
