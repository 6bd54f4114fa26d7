select tenant, account, name, city
from ledger.customers
where tenant = $1
  and (name ilike $2 or account = $3 or email = lower($3) or contact ilike $2)
  and account > $4
order by account
limit $5
