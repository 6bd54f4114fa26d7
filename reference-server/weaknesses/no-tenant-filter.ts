// The server connects as the database's owner, for whom row-level security does not hold, and nothing else looks at the tenant.
import { weakness } from './weakness.ts'

export default weakness({
  story: 'One connection string was changed to that of the owner "for the migration". Every tenant saw every tenant.',
  source: 'PostgreSQL documentation, "Row Security Policies": superusers and owners bypass them; OWASP API1:2023',
  caughtBy: { scenario: 'noisy-tenant', check: 'tenants-isolated' },
  apply: (parts) => ({
    ...parts,
    connections(options) {
      const { readOnlyRole: _role, ...rest } = options
      return parts.connections(options.name === 'admin' ? options : { ...rest, url: parts.settings.DATABASE_ADMIN_URL })
    },
  }),
})
