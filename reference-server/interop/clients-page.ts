export const clientsPage = (seen: unknown) => JSON.stringify(seen, null, 1)
