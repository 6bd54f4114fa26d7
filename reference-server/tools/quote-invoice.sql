select tenant, amount_cents as "amountCents", currency, status
from ledger.invoices
where tenant = $1 and invoice_number = $2
