select * from ledger.TABLE
where tenant = $1 and id > $2
order by id
limit $3
