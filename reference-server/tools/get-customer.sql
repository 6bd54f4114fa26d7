select customer.tenant, customer.account, customer.name, customer.contact, customer.email, customer.phone, customer.city,
       count(invoice.id)::int as "openInvoices"
from ledger.customers as customer
left join ledger.invoices as invoice on invoice.customer_id = customer.id and invoice.tenant = customer.tenant and invoice.status = 'open'
where customer.tenant = $1 and customer.account = $2
group by customer.id
